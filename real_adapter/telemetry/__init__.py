"""What a server in production was seen to do, and the profile that follows from it."""
