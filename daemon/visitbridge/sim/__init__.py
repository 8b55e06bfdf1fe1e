"""Virtual cards, readers, links and portals, at the byte seam; refused without --allow-virtual."""
