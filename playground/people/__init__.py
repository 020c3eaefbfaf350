"""What a person can do, over HTTP as JSON under /playground."""
