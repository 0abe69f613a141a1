// What a program in Go does with Amazon ECS, for tests/sdk/test_go.py: `main STORY` prints what it found, as JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

const patience = 120 * time.Second

var (
	ctx     = context.Background()
	cluster = aws.String(os.Getenv("CLUSTER"))
	network = &types.NetworkConfiguration{
		AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}},
	}
)

type found map[string]any

var stories = map[string]func(*ecs.Client) found{
	"service": service, "job": job, "pages": pages, "errors": refusals, "missing": missing,
}

func main() {
	client := ecs.New(ecs.Options{
		Region:           "us-east-1",
		Credentials:      credentials.NewStaticCredentialsProvider(os.Getenv("KECS_ACCOUNT"), "secret", ""),
		EndpointResolver: ecs.EndpointResolverFromURL(os.Getenv("KECS_URL")),
		Retryer:          aws.NopRetryer{},
	})
	if err := json.NewEncoder(os.Stdout).Encode(stories[os.Args[1]](client)); err != nil {
		panic(err)
	}
}

func must[T any](answer T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return answer
}

func define(client *ecs.Client, family, image string) *types.TaskDefinition {
	return must(client.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
		Family:                  aws.String(family),
		NetworkMode:             types.NetworkModeAwsvpc,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		Cpu:                     aws.String("256"),
		Memory:                  aws.String("512"),
		ContainerDefinitions: []types.ContainerDefinition{
			{Name: aws.String("app"), Image: aws.String(image), StopTimeout: aws.Int32(5)},
		},
	})).TaskDefinition
}

func stopped(client *ecs.Client, cluster *string, tasks []string) []types.Task {
	waiter := ecs.NewTasksStoppedWaiter(client, func(options *ecs.TasksStoppedWaiterOptions) {
		options.MinDelay, options.MaxDelay = time.Second, time.Second
	})
	describe := &ecs.DescribeTasksInput{Cluster: cluster, Tasks: tasks}
	return must(waiter.WaitForOutput(ctx, describe, patience)).Tasks
}

func service(client *ecs.Client) found {
	one, two := define(client, "go", os.Getenv("IMAGE")), define(client, "go", os.Getenv("NEXT_IMAGE"))
	made := must(client.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String("go")})).Cluster
	cluster := made.ClusterArn
	describe := &ecs.DescribeServicesInput{Cluster: cluster, Services: []string{"web"}}
	quick := func(options *ecs.ServicesStableWaiterOptions) {
		options.MinDelay, options.MaxDelay = time.Second, time.Second
	}
	stable := func() types.Service {
		waiter := ecs.NewServicesStableWaiter(client, quick)
		return must(waiter.WaitForOutput(ctx, describe, patience)).Services[0]
	}

	created := must(client.CreateService(ctx, &ecs.CreateServiceInput{
		Cluster:              cluster,
		ServiceName:          aws.String("web"),
		TaskDefinition:       one.TaskDefinitionArn,
		DesiredCount:         aws.Int32(2),
		LaunchType:           types.LaunchTypeFargate,
		NetworkConfiguration: network,
	})).Service
	before := stable()
	must(client.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: cluster, Service: aws.String("web"), TaskDefinition: two.TaskDefinitionArn, DesiredCount: aws.Int32(1),
	}))
	after := stable()
	tasks := []string{}
	for _, status := range types.DesiredStatus("").Values() {
		listed := must(client.ListTasks(ctx, &ecs.ListTasksInput{Cluster: cluster, DesiredStatus: status}))
		tasks = append(tasks, listed.TaskArns...)
	}
	must(client.DeleteService(ctx, &ecs.DeleteServiceInput{
		Cluster: cluster, Service: aws.String("web"), Force: aws.Bool(true),
	}))
	gone := ecs.NewServicesInactiveWaiter(client, func(options *ecs.ServicesInactiveWaiterOptions) {
		options.MinDelay, options.MaxDelay = time.Second, time.Second
	})
	must(0, gone.Wait(ctx, describe, patience))
	stopped(client, cluster, tasks)
	deleted := must(client.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: cluster})).Cluster
	return found{
		"cluster":   []*string{made.Status, deleted.Status},
		"rollout":   created.Deployments[0].RolloutState,
		"running":   []int32{created.RunningCount, before.RunningCount, after.RunningCount},
		"revisions": []bool{*before.TaskDefinition == *one.TaskDefinitionArn, *after.TaskDefinition == *two.TaskDefinitionArn},
		"took":      after.Events[0].CreatedAt.Sub(*after.CreatedAt).Seconds(),
	}
}

func job(client *ecs.Client) found {
	task := must(client.RunTask(ctx, &ecs.RunTaskInput{
		Cluster:              cluster,
		TaskDefinition:       define(client, "go-job", os.Getenv("IMAGE")).TaskDefinitionArn,
		LaunchType:           types.LaunchTypeFargate,
		NetworkConfiguration: network,
		Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{
			{Name: aws.String("app"), Command: []string{"sh", "-c", "sleep 2; exit 3"}},
		}},
	})).Tasks[0]
	describe := &ecs.DescribeTasksInput{Cluster: cluster, Tasks: []string{*task.TaskArn}}
	running := ecs.NewTasksRunningWaiter(client, func(options *ecs.TasksRunningWaiterOptions) {
		options.MinDelay, options.MaxDelay = time.Second, time.Second
	})
	must(0, running.Wait(ctx, describe, patience))
	ended := stopped(client, cluster, describe.Tasks)[0]
	return found{
		"status":  ended.LastStatus,
		"code":    ended.StopCode,
		"exit":    ended.Containers[0].ExitCode,
		"ordered": ended.CreatedAt.Before(*ended.StartedAt) && ended.StartedAt.Before(*ended.StoppedAt),
	}
}

func pages(client *ecs.Client) found {
	for range [5]int{} {
		define(client, "go-pages", os.Getenv("IMAGE"))
	}
	lengths := []int{}
	paginator := ecs.NewListTaskDefinitionsPaginator(client, &ecs.ListTaskDefinitionsInput{
		FamilyPrefix: aws.String("go-pages"), MaxResults: aws.Int32(2),
	})
	for paginator.HasMorePages() {
		lengths = append(lengths, len(must(paginator.NextPage(ctx)).TaskDefinitionArns))
	}
	return found{"lengths": lengths}
}

func refusals(client *ecs.Client) found {
	_, noCluster := client.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: aws.String("nothing")})
	_, noService := client.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: cluster, Service: aws.String("nothing")})
	_, noDefinition := client.RunTask(ctx, &ecs.RunTaskInput{Cluster: cluster, TaskDefinition: aws.String("nothing")})
	return found{
		"cluster":    refusal[*types.ClusterNotFoundException](noCluster),
		"service":    refusal[*types.ServiceNotFoundException](noService),
		"definition": refusal[*types.ClientException](noDefinition),
	}
}

func refusal[E smithy.APIError](err error) found {
	var typed E
	var response *awshttp.ResponseError
	if !errors.As(err, &typed) || !errors.As(err, &response) {
		return found{"other": fmt.Sprint(err)}
	}
	return found{
		"code": typed.ErrorCode(), "status": response.HTTPStatusCode(), "said": typed.ErrorMessage() != "",
		"request": response.ServiceRequestID() != "",
	}
}

func missing(client *ecs.Client) found {
	waiter := ecs.NewServicesStableWaiter(client)
	err := waiter.Wait(ctx, &ecs.DescribeServicesInput{Cluster: cluster, Services: []string{"nothing"}}, patience)
	return found{"error": fmt.Sprint(err)}
}
