using ImgAlign.Hub;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The hub in a host.</summary>
public static class HubServiceCollectionExtensions
{
    /// <summary>Registers one <see cref="HubClient"/>, with the options of the environment and what <paramref name="configure"/> changes in
    /// them.</summary>
    public static IServiceCollection AddImgAlignHub(this IServiceCollection services, Action<HubOptions>? configure = null) =>
        services.AddSingleton(_ =>
        {
            var options = new HubOptions();
            configure?.Invoke(options);
            return new HubClient(options);
        });
}
