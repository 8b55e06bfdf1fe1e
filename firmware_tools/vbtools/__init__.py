"""What technicians use away from the daemon: on a laptop, before and between the trips of a box.

Each program is one module with ``main``. They share the gateway's pure layers (``domain``, ``protocols``, ``errors``,
``words``) and nothing that opens its store or its devices.
"""
