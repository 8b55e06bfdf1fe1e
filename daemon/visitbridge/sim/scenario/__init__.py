"""A scripted day in the lab: a file of steps, replayed through the gateway's public API and the lab's switches."""
