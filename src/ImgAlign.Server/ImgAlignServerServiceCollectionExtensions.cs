using System.Diagnostics;
using Hangfire;
using ImgAlign.Server.Access;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using ImgAlign.Server.OpenAi;
using ImgAlign.Server.Work;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server;

/// <summary>Adds a server, and what computes for it, to a container.</summary>
public static class ImgAlignServerServiceCollectionExtensions
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    /// <summary>Adds what <see cref="ImgAlignEndpointRouteBuilderExtensions.MapImgAlign"/> serves. Pictures are computed by workers: in this
    /// process (<see cref="AddImgAlignWorker"/>), in others (<see cref="AddImgAlignWorkerProcess"/>), or on other machines.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddImgAlignServer(this IServiceCollection services, Action<ImgAlignServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddStore(services, configure);
        services.AddHangfire(static _ => { });
        services.AddOpenApi();
        services.AddHealthChecks().AddCheck<WorkersHealth>("workers");
        services.AddSingleton<AccessRules>();
        services.AddSingleton<RequestRate>();
        services.AddSingleton<JobFollower>();
        services.AddSingleton<JobCatalogue>();
        services.AddSingleton<JobSubmission>();
        services.AddSingleton<OpenAiModels>();
        services.AddSingleton<OpenAiImages>();
        services.AddSingleton<JobKeeper>();
        services.AddSingleton<FileKeeper>();
        services.AddHostedService<AddressCheck>();
        services.AddHostedService(static provider => provider.GetRequiredService<JobKeeper>());
        services.AddHostedService(static provider => provider.GetRequiredService<FileKeeper>());
        return services;
    }

    /// <summary>
    /// Adds a worker that runs jobs in this process, one at a time, with the container's <see cref="IAlignmentPipeline"/> and
    /// <see cref="IGenerationPipeline"/>. Without a server in the container it reports to the one that started the process
    /// (<see cref="AddImgAlignWorkerProcess"/>); on another machine, where all servers find it: beside the results.
    /// </summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Sets the options: the same folder, database and model as the server's.</param>
    public static IServiceCollection AddImgAlignWorker(this IServiceCollection services, Action<ImgAlignServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddStore(services, configure);
        services.AddHangfire(static _ => { });
        services.AddHangfireServer(
            static (_, options) =>
            {
                options.WorkerCount = 1;
                options.HeartbeatInterval = WorkersHealth.Heartbeat;
                options.ShutdownTimeout = Farewell;
            }
        );
        services.AddSingleton<JobRun>();
        services.AddTransient<JobWorker>();
        services.AddSingleton<IJobEvents>(static provider =>
            provider.GetService<AccessRules>() is not null ? new LocalJobEvents(provider.GetRequiredService<JobHub>())
            : WorkerProcess.Server is var (address, token)
                ? new HttpJobEvents(address, token, provider.GetRequiredService<ILogger<HttpJobEvents>>())
            : new StoredJobEvents(provider.GetRequiredService<JobFiles>(), provider.GetRequiredService<ILogger<StoredJobEvents>>())
        );
        if (WorkerProcess.Server is not null)
            services.AddHostedService<ServerWatch>();
        return services;
    }

    /// <summary>Keeps a process running that has a worker; one for each device.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="process">The program and its arguments.</param>
    public static IServiceCollection AddImgAlignWorkerProcess(this IServiceCollection services, ProcessStartInfo process)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(process);
        return services.AddSingleton<IHostedService>(provider => new WorkerSupervisor(
            process,
            provider,
            provider.GetRequiredService<ILogger<WorkerSupervisor>>()
        ));
    }

    private static void AddStore(IServiceCollection services, Action<ImgAlignServerOptions>? configure)
    {
        if (
            services.FirstOrDefault(static service => service.ServiceType == typeof(ImgAlignServerOptions))?.ImplementationInstance
            is not ImgAlignServerOptions options
        )
            services.AddSingleton(options = new ImgAlignServerOptions());
        configure?.Invoke(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static provider => JobStorageFactory.Open(provider.GetRequiredService<ImgAlignServerOptions>()));
        services.TryAddSingleton<JobStore>();
        services.TryAddSingleton<IFileStore>(static provider =>
            provider.GetRequiredService<ImgAlignServerOptions>() is { Results: { } address }
                ? new S3FileStore(address)
                : new FolderFileStore(provider.GetRequiredService<ImgAlignServerOptions>().DataPath)
        );
        services.TryAddSingleton<JobFiles>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, FileStoreCheck>());
        services.TryAddSingleton<JobHub>();
    }
}
