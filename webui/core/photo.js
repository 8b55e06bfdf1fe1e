/** A photo from the phone's camera, small enough to send: about 2 megapixels, JPEG. */

const TARGET_PIXELS = 2_000_000;
const QUALITY = 0.85;

/**
 * Width and height that keep the shape and stay within `target` pixels; never enlarges.
 * @param {number} width
 * @param {number} height
 * @param {number} [target]
 */
export function shrunkSize(width, height, target = TARGET_PIXELS) {
  const scale = Math.min(1, Math.sqrt(target / (width * height)));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * Rejects with an Error when the file is no picture.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function shrinkPhoto(file) {
  const address = URL.createObjectURL(file);
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const { width, height } = shrunkSize(picture.naturalWidth, picture.naturalHeight);
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d")?.drawImage(picture, 0, 0, width, height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the canvas gave no picture"))), "image/jpeg", QUALITY);
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}
