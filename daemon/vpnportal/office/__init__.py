"""The office: pages for those who look after boxes."""
