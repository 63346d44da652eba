using Hangfire;
using ImgAlign.Server.Access;
using ImgAlign.Server.Api;
using ImgAlign.Server.OpenAi;
using ImgAlign.Server.Page;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server;

/// <summary>Serves ImgAlign.</summary>
public static class ImgAlignEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps the page (<c>/</c>), the job API (<c>/api</c>), the OpenAI images API (<c>/v1</c>), their document
    /// (<c>/openapi/v1.json</c>), the dashboard of the queue (<c>/hangfire</c>), and health (<c>/health</c>, <c>/alive</c>).
    /// </summary>
    /// <param name="endpoints">The application, to whose container
    /// <see cref="ImgAlignServerServiceCollectionExtensions.AddImgAlignServer"/> has added the server.</param>
    public static void MapImgAlign(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var options = endpoints.ServiceProvider.GetRequiredService<ImgAlignServerOptions>();
        var access = endpoints.ServiceProvider.GetRequiredService<AccessRules>();
        JobEndpoints.Map(Group("/api", isOpenAi: false), options);
        OpenAiEndpoints.Map(Group("/v1", isOpenAi: true), options);
        PageEndpoints.Map(endpoints, Group("/api", isOpenAi: false), options);
        WorkerEndpoints.Map(endpoints);
        endpoints.MapOpenApi();
        endpoints.MapHealthChecks("/health");
        endpoints.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = static check => check.Tags.Contains("live") });
        endpoints.MapHangfireDashboard(
            "/hangfire",
            new DashboardOptions
            {
                Authorization = [new DashboardAccess(access)],
                AppPath = "/",
                DashboardTitle = "ImgAlign's queue",
                IsReadOnlyFunc = static _ => true, // tickets are no jobs: to cancel one means nothing
            }
        );

        RouteGroupBuilder Group(string prefix, bool isOpenAi) =>
            endpoints
                .MapGroup(prefix)
                .AddEndpointFilter(ErrorFilter.Create(endpoints, isOpenAi))
                .AddEndpointFilter(new AccessFilter(access));
    }
}
