# A rich deployment on Fargate and on container instances; every member that is set has to come back as it was sent.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }

variable "image" {
  type    = string
  default = "app:1"
}

variable "tasks" {
  type    = number
  default = 2
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "111111111111"
  secret_key                  = "secret"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true

  endpoints {
    ecs            = var.endpoint
    appautoscaling = var.endpoint
    codedeploy     = var.endpoint
    events         = var.endpoint
    scheduler      = var.endpoint
    logs           = var.endpoint
  }
}

resource "aws_cloudwatch_log_group" "web" {
  name              = "/web"
  retention_in_days = 7
  tags              = { team = "a" }
}

resource "aws_ecs_cluster" "main" {
  name = "terraform"
  tags = { team = "a" }

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  configuration {
    execute_command_configuration {
      logging = "OVERRIDE"
      log_configuration { cloud_watch_log_group_name = "exec" }
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "main" {
  cluster_name       = aws_ecs_cluster.main.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = 1
    weight            = 100
  }
}

resource "aws_ecs_task_definition" "web" {
  family                   = "web"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = "512"
  memory                   = "1024"
  task_role_arn            = "arn:aws:iam::111111111111:role/task"
  execution_role_arn       = "arn:aws:iam::111111111111:role/execution"
  tags                     = { team = "a" }

  ephemeral_storage { size_in_gib = 30 }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  volume { name = "scratch" }

  volume {
    name = "shared"
    efs_volume_configuration {
      file_system_id     = "fs-12345678"
      transit_encryption = "ENABLED"
      authorization_config { iam = "ENABLED" }
    }
  }

  volume {
    name                = "data"
    configure_at_launch = true
  }

  container_definitions = jsonencode([
    {
      name         = "app"
      image        = var.image
      cpu          = 256
      essential    = true
      command      = ["serve"]
      environment  = [{ name = "B", value = "2" }, { name = "A", value = "1" }]
      secrets      = [{ name = "KEY", valueFrom = "arn:aws:ssm:us-east-1:111111111111:parameter/key" }]
      portMappings = [{ name = "http", containerPort = 80, protocol = "tcp", appProtocol = "http" }]
      mountPoints = [
        { sourceVolume = "scratch", containerPath = "/scratch" },
        { sourceVolume = "shared", containerPath = "/shared", readOnly = true },
        { sourceVolume = "data", containerPath = "/data" },
      ]
      dependsOn   = [{ containerName = "init", condition = "SUCCESS" }]
      healthCheck = { command = ["CMD-SHELL", "true"], interval = 5 }
      ulimits     = [{ name = "nofile", softLimit = 1024, hardLimit = 2048 }]
      logConfiguration = {
        logDriver = "awslogs"
        options   = { awslogs-group = aws_cloudwatch_log_group.web.name, awslogs-region = "us-east-1", awslogs-stream-prefix = "web" }
      }
      linuxParameters = { initProcessEnabled = true }
      stopTimeout     = 5
    },
    { name = "init", image = "init:1", essential = false, command = ["true"] },
  ])
}

resource "aws_ecs_task_definition" "job" {
  family                   = "job"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = "256"
  memory                   = "512"
  container_definitions    = jsonencode([{ name = "app", image = "app:1" }])
}

resource "aws_ecs_task_definition" "ec2" {
  family = "ec2"

  placement_constraints {
    type       = "memberOf"
    expression = "attribute:ecs.os-type == linux"
  }

  container_definitions = jsonencode([
    { name = "app", image = var.image, memory = 64, portMappings = [{ containerPort = 80, hostPort = 0 }] },
  ])
}

resource "aws_ecs_service" "web" {
  name                               = "web"
  cluster                            = aws_ecs_cluster.main.arn
  task_definition                    = aws_ecs_task_definition.web.arn
  desired_count                      = var.tasks
  launch_type                        = "FARGATE"
  wait_for_steady_state              = true
  enable_ecs_managed_tags            = true
  enable_execute_command             = true
  propagate_tags                     = "SERVICE"
  deployment_minimum_healthy_percent = 50
  deployment_maximum_percent         = 150
  health_check_grace_period_seconds  = 15
  availability_zone_rebalancing      = "ENABLED"
  tags                               = { team = "a" }

  network_configuration {
    subnets          = ["subnet-2", "subnet-1"]
    security_groups  = ["sg-1"]
    assign_public_ip = true
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  load_balancer {
    target_group_arn = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/web/0123456789abcdef"
    container_name   = "app"
    container_port   = 80
  }

  service_registries {
    registry_arn = "arn:aws:servicediscovery:us-east-1:111111111111:service/srv-1234567890123456"
  }

  service_connect_configuration {
    enabled   = true
    namespace = "arn:aws:servicediscovery:us-east-1:111111111111:namespace/ns-1234567890123456"
    service {
      port_name      = "http"
      discovery_name = "web"
      client_alias {
        port     = 80
        dns_name = "web"
      }
    }
  }

  volume_configuration {
    name = "data"
    managed_ebs_volume {
      role_arn         = "arn:aws:iam::111111111111:role/ecsInfrastructureRole"
      size_in_gb       = 10
      volume_type      = "gp3"
      file_system_type = "ext4"
    }
  }
}

resource "aws_ecs_service" "spot" {
  name                  = "spot"
  cluster               = aws_ecs_cluster_capacity_providers.main.cluster_name
  task_definition       = aws_ecs_task_definition.job.arn
  desired_count         = 1
  wait_for_steady_state = true

  capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = 1
  }

  network_configuration { subnets = ["subnet-1"] }
}

resource "aws_ecs_service" "placed" {
  name                  = "placed"
  cluster               = aws_ecs_cluster.main.name
  task_definition       = aws_ecs_task_definition.ec2.arn
  desired_count         = 1
  launch_type           = "EC2" # else it is the cluster's default strategy's
  wait_for_steady_state = true

  deployment_minimum_healthy_percent = 0 # on one instance, distinct tasks can only follow each other

  ordered_placement_strategy {
    type  = "binpack"
    field = "cpu"
  }

  ordered_placement_strategy {
    type  = "spread"
    field = "instanceId"
  }

  placement_constraints { type = "distinctInstance" }
}

data "aws_ecs_service" "web" {
  service_name = aws_ecs_service.web.name
  cluster_arn  = aws_ecs_cluster.main.arn
}

resource "aws_appautoscaling_target" "web" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.web.name}"
  min_capacity       = 1
  max_capacity       = var.tasks + 2
  tags               = { team = "a" }

  suspended_state { dynamic_scaling_in_suspended = true }
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension
  resource_id        = aws_appautoscaling_target.web.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 75
    scale_in_cooldown  = 60
    scale_out_cooldown = 30

    predefined_metric_specification { predefined_metric_type = "ECSServiceAverageCPUUtilization" }
  }
}

resource "aws_appautoscaling_policy" "orders" {
  name               = "orders"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension
  resource_id        = aws_appautoscaling_target.web.resource_id

  target_tracking_scaling_policy_configuration {
    target_value     = 2.5
    disable_scale_in = true

    customized_metric_specification {
      namespace   = "Shop"
      metric_name = "Orders"
      statistic   = "Average"
      unit        = "Count"

      dimensions {
        name  = "shop"
        value = "a"
      }
    }
  }
}

resource "aws_appautoscaling_policy" "steps" {
  name               = "steps"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension
  resource_id        = aws_appautoscaling_target.web.resource_id

  step_scaling_policy_configuration {
    adjustment_type          = "PercentChangeInCapacity"
    min_adjustment_magnitude = 2
    cooldown                 = 60
    metric_aggregation_type  = "Maximum"

    step_adjustment {
      metric_interval_lower_bound = 0
      metric_interval_upper_bound = 10.5
      scaling_adjustment          = 10
    }

    step_adjustment {
      metric_interval_lower_bound = 10.5
      scaling_adjustment          = 50
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "morning" {
  name               = "morning"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension
  resource_id        = aws_appautoscaling_target.web.resource_id
  schedule           = "cron(0 9 ? * MON-FRI 2190)"
  timezone           = "Europe/Berlin"
  start_time         = "2100-01-01T00:00:00Z"

  scalable_target_action {
    min_capacity = 2
    max_capacity = 4
  }
}
