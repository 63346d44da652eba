using ImgAlign.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training;

/// <summary>The parameters of networks by the names under which they are saved.</summary>
public static class NamedParameters
{
    /// <summary>All parameters of some networks.</summary>
    /// <param name="networks">The networks, each with what stands in front of its names, such as <c>ip_adapter.</c> or nothing.</param>
    public static IReadOnlyDictionary<string, Parameter> Of(params IEnumerable<(string Prefix, nn.Module Network)> networks) =>
        networks
            .SelectMany(static part =>
                ModuleParameters
                    .Enumerate(part.Network)
                    .Select(parameter => KeyValuePair.Create(part.Prefix + parameter.Path, parameter.Value))
            )
            .ToDictionary();

    /// <summary>All parameters of a network, under the names of a published layout.</summary>
    /// <param name="network">The network.</param>
    /// <param name="map">How the layout names them; each must be stored as a tensor of its own.</param>
    public static IReadOnlyDictionary<string, Parameter> Of(nn.Module network, WeightMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        return ModuleParameters
            .Enumerate(network)
            .ToDictionary(
                parameter =>
                    map.Resolve(parameter.Path) is WeightSource.Whole whole
                        ? whole.Name
                        : throw new ArgumentException(
                            $"{parameter.Path} is not stored as a tensor of its own in this layout.",
                            nameof(map)
                        ),
                static parameter => parameter.Value
            );
    }
}
