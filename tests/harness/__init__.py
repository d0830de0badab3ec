"""What the scenarios stand on: processes that log events, a raw SMTP client, the lab, real peers."""
