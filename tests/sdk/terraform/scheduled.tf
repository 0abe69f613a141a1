# Tasks that run by themselves: a rule by event, a rule by schedule, a schedule.

resource "aws_ecs_task_definition" "scheduled" {
  family                   = "scheduled"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = "256"
  memory                   = "512"
  container_definitions    = jsonencode([{ name = "app", image = var.image }])
}

resource "aws_cloudwatch_event_bus" "shop" {
  name        = "shop"
  description = "orders"
  tags        = { team = "a" }
}

resource "aws_cloudwatch_event_rule" "orders" {
  name           = "orders"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  event_pattern  = jsonencode({ source = ["shop"], detail = { sum = [{ numeric = [">", 9] }] } })
}

resource "aws_cloudwatch_event_target" "orders" {
  rule           = aws_cloudwatch_event_rule.orders.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  target_id      = "job"
  arn            = aws_ecs_cluster.main.arn
  role_arn       = "arn:aws:iam::111111111111:role/events"

  ecs_target {
    task_definition_arn = aws_ecs_task_definition.scheduled.arn
    launch_type         = "FARGATE"
    task_count          = 2
    propagate_tags      = "TASK_DEFINITION"
    tags                = { team = "a" }
    network_configuration {
      subnets          = ["subnet-1"]
      security_groups  = ["sg-1"]
      assign_public_ip = true
    }
  }

  input_transformer {
    input_paths    = { sum = "$.detail.sum" }
    input_template = "{\"containerOverrides\": [{\"name\": \"app\", \"command\": [\"pay\", \"<sum>\"]}]}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 600
    maximum_retry_attempts       = 3
  }
}

resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "nightly"
  description         = "cleans up"
  schedule_expression = "cron(0 3 * * ? *)"
  state               = "DISABLED"
  tags                = { team = "a" }
}

resource "aws_cloudwatch_event_target" "nightly" {
  rule     = aws_cloudwatch_event_rule.nightly.name
  arn      = aws_ecs_cluster.main.arn
  role_arn = "arn:aws:iam::111111111111:role/events"
  input    = jsonencode({ containerOverrides = [{ name = "app", command = ["clean"] }] })

  ecs_target {
    task_definition_arn = aws_ecs_task_definition.scheduled.arn
    capacity_provider_strategy {
      capacity_provider = "FARGATE_SPOT"
      weight            = 1
    }
    network_configuration { subnets = ["subnet-1"] }
  }
}

resource "aws_scheduler_schedule_group" "jobs" {
  name = "jobs"
  tags = { team = "a" }
}

resource "aws_scheduler_schedule" "morning" {
  name                         = "morning"
  group_name                   = aws_scheduler_schedule_group.jobs.name
  description                  = "wakes up"
  schedule_expression          = "cron(0 9 ? * MON-FRI *)"
  schedule_expression_timezone = "Europe/Berlin"
  start_date                   = "2030-01-01T00:00:00Z"
  end_date                     = "2031-01-01T00:00:00Z"

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }

  target {
    arn      = aws_ecs_cluster.main.arn
    role_arn = "arn:aws:iam::111111111111:role/scheduler"
    input    = jsonencode({ containerOverrides = [{ name = "app", command = ["<aws.scheduler.scheduled-time>"] }] })

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.scheduled.arn
      launch_type         = "FARGATE"
      platform_version    = "1.4.0"
      task_count          = 1
      group               = "morning"
      tags                = { key = "team", value = "a" }
      network_configuration { subnets = ["subnet-1"] }
    }

    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 3
    }
  }
}

resource "aws_scheduler_schedule" "rate" {
  name                = "rate"
  schedule_expression = "rate(${var.tasks} hours)"
  start_date          = "2030-01-01T00:00:00Z" # without one it runs a task at once, and a cluster with tasks stays
  flexible_time_window { mode = "OFF" }

  target {
    arn      = aws_ecs_cluster.main.arn
    role_arn = "arn:aws:iam::111111111111:role/scheduler"
    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.scheduled.arn
      launch_type         = "FARGATE"
      network_configuration { subnets = ["subnet-1"] }
    }
  }
}
