"""AWS CodeDeploy for services of ECS with the deployment controller CODE_DEPLOY.

What its requests may say, what a deployment does next, how it is shown. Pure; called by `services.codedeploy` and
`control.codedeploy`.
"""
