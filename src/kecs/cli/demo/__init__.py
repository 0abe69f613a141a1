"""`kecs demo`: a KECS of its own, a real service through the AWS API, and a measured account of what happened."""
