"""IC-card data upload, format 2.0: a profile that nobody has verified.

Its official description is not public. Names of fields are those that three programs use (certainty B), rules those that their check lists
quote (B, C), and which field takes the place of which of format 1.0 is inferred (D); nhi-domain §3.2. It is used only where
``[datacentre] ic_format`` says so.
"""
