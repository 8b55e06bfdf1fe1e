"""The outbox: durable jobs that run when all they wait for holds, exactly once in effect."""
