"""A second kind of data centre, in memory: it keeps the records itself and wants only a proof from the card.

Public material suggests that the insurer's newer control software may work like this (nhi-domain §2.4). It shows
that the seam holds for such a service (data-centre.md §5); it is nobody's real protocol.
"""
