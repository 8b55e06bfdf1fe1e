"""The use cases: the only place where rules about people, cards and jobs meet."""
