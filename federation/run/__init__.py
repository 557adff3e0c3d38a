"""Running streams: the state folder, the jobs, their status, and a clean end."""
