"""The merchant's page: server-rendered in Portuguese, with the same services behind it as the API."""
