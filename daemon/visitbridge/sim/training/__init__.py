"""The training rooms: a whole lab of its own beside the box, in processes of its own (ux §3.9, decision 0053).

``house`` runs in the real daemon and knows no more than how to start, ask and stop it. Everything else runs in the
process that it starts: the lab, the lessons, and the pairing of phones that come in.
"""
