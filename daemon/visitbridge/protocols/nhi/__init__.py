"""What the cards of Taiwan's National Health Insurance say, byte by byte.

``basic`` is public and real. ``records`` follows the public buffers of the insurer's control software. The
``applet`` and ``hpc`` commands and the keys of ``testkeys`` are this project's own test applet: the real cards'
commands are not public.
"""
