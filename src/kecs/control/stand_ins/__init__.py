"""What a KECS without load balancers and CloudWatch has in their place: what somebody has said."""
