# A service that CodeDeploy deploys, and what it takes to do so.

locals {
  elb = "arn:aws:elasticloadbalancing:us-east-1:111111111111"
}

resource "aws_ecs_task_definition" "blue" {
  family                   = "blue"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = "256"
  memory                   = "512"
  container_definitions = jsonencode([
    { name = "app", image = "app:1", portMappings = [{ containerPort = 80 }] }
  ])
}

resource "aws_ecs_service" "deployed" {
  name            = "deployed"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.blue.arn
  desired_count   = 1
  launch_type     = "FARGATE"

  deployment_controller { type = "CODE_DEPLOY" }

  load_balancer {
    target_group_arn = "${local.elb}:targetgroup/blue/0123456789abcdef"
    container_name   = "app"
    container_port   = 80
  }

  network_configuration { subnets = ["subnet-1"] }
}

resource "aws_codedeploy_app" "web" {
  name             = "web"
  compute_platform = "ECS"
  tags             = { team = "a" }
}

resource "aws_codedeploy_deployment_config" "slow" {
  deployment_config_name = "slow"
  compute_platform       = "ECS"

  traffic_routing_config {
    type = "TimeBasedLinear"
    time_based_linear {
      interval   = 10
      percentage = 25
    }
  }
}

resource "aws_codedeploy_deployment_group" "web" {
  app_name               = aws_codedeploy_app.web.name
  deployment_group_name  = "web"
  deployment_config_name = aws_codedeploy_deployment_config.slow.id
  service_role_arn       = "arn:aws:iam::111111111111:role/deploy"
  tags                   = { team = "a" }

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  ecs_service {
    cluster_name = aws_ecs_cluster.main.name
    service_name = aws_ecs_service.deployed.name
  }

  load_balancer_info {
    target_group_pair_info {
      prod_traffic_route { listener_arns = ["${local.elb}:listener/app/lb/1/2"] }
      test_traffic_route { listener_arns = ["${local.elb}:listener/app/lb/1/3"] }
      target_group { name = "blue" }
      target_group { name = "green" }
    }
  }

  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout    = "STOP_DEPLOYMENT"
      wait_time_in_minutes = 60
    }
    terminate_blue_instances_on_deployment_success {
      action                           = "TERMINATE"
      termination_wait_time_in_minutes = 5
    }
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }

  alarm_configuration {
    enabled = true
    alarms  = ["errors"]
  }

  trigger_configuration {
    trigger_name       = "ended"
    trigger_target_arn = "arn:aws:sns:us-east-1:111111111111:deployments"
    trigger_events     = ["DeploymentFailure", "DeploymentSuccess"]
  }
}
