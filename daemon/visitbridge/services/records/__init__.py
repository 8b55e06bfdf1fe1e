"""Other people's records on the box: whom the team will visit, what they consented to, and what may be read (L01-L07)."""
