"""IC-card data upload, format 1.0 (健保IC卡資料上傳, 24 h): XML in Big5 (nhi-domain §3.1)."""
