"""The gallery at `/`: a page that is HTML and one small script, without a session."""
