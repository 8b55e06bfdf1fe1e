"""How the daemon runs: lanes (one thread owning one blocking library) and the supervisor."""
