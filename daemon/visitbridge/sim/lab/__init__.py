"""The lab: a whole visit team's equipment on one machine, without hardware.

Gateway and portal are the real programs in processes of their own; readers are real pcscd slots where
possible. The virtual cards, the line that stands for the VPN, and the switches for all of it live in the
lab's own process, so that they survive whatever is done to the others.
"""
