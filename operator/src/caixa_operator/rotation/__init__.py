"""Two-phase rotation of generated passwords: the stores accept both until nobody uses the old ones, so that no request fails."""
