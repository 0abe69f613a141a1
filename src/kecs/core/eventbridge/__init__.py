"""The events that ECS sends to EventBridge: what a committed change of a record is worth telling, in AWS's shapes.

Pure functions of the record before and after. `control.events.eventbridge` calls them for every commit and hands what
they make to the sink; whoever wants to see an event has it written out by `event.written_out`, and nothing is before
that. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
"""
