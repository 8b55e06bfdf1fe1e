"""What the lab says in the terminal."""

from __future__ import annotations

import io
from collections.abc import Callable

import qrcode

from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.lab.lab import RunningLab

Say = Callable[[str], None]


def describe(lab: RunningLab, pair_url: str, *, is_bound: bool, say: Say) -> None:
    """How to get in, what stands in for what, and what to do first."""
    if lab.slots.pcscd is not None:
        readers = "真的 pcscd（自己的命名空間）+ vpcd｜a private real pcscd with vpcd slots"
    else:
        readers = (
            f"沒有 pcscd，虛擬卡直接接到閘道器｜no pcscd ({lab.slots.instead}): "
            "the cards are connected to the gateway directly"
        )
    say("")
    say(
        "這是訓練環境：卡片、讀卡機、VPN 與另一端都是模擬的。｜A lab: cards, readers, VPN and the other side are simulated."
    )
    say(f"  讀卡機 readers    {readers}")
    radio = "兩台，背後是模擬的 BlueZ｜two, behind a double of BlueZ; pair them under Settings → Readers"
    say(f"  藍牙 Bluetooth    {f'沒有｜none ({lab.no_bluetooth})' if lab.no_bluetooth else radio}")
    say(f"  代碼檔 data sets  {lab.data_sets}")
    say(f"  紀錄 logs         {lab.places.logs}")
    say("")
    say(f"  打開 open         {pair_url}")
    say("  （連結只能用一次，10 分鐘內有效｜the link works once, within ten minutes）")
    say("  手機要的配對碼會顯示在這裡｜the code that the phone asks for is shown here")
    say(_qr(pair_url))
    if is_bound:
        say("  閘道器已綁定機構。｜The box is bound.")
    else:
        say(
            "  先綁定：設定 → 綁定；QR-2 與註冊號碼在「實驗室」頁。｜Bind first: Settings → Bind; QR-2 and PIN are on the Lab page."
        )
        say("  或重新以 --bind-box 啟動。｜Or start again with --bind-box.")
    say(f"  醫事人員卡 PIN      {LAB_PIN}")
    say("")
    say("Ctrl-C 全部停止｜stops all of it")


def _qr(text: str) -> str:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=2)
    code.add_data(text)
    picture = io.StringIO()
    code.print_ascii(out=picture, invert=True)
    return picture.getvalue()
