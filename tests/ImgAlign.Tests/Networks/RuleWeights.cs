using ImgAlign.Checkpoints;
using ImgAlign.Networks;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests.Networks;

/// <summary>Weights by rule for networks of any size.</summary>
internal static class RuleWeights
{
    /// <summary>A checkpoint with all that a network has.</summary>
    /// <param name="network">The network.</param>
    /// <param name="rename">From the network's names to the checkpoint's.</param>
    /// <param name="more">Further tensors, of two numbers each.</param>
    public static RuleCheckpoint For(torch.nn.Module network, Func<string, string>? rename = null, params string[] more)
    {
        var own = ModuleParameters
            .Enumerate(network)
            .Select(parameter => KeyValuePair.Create(rename?.Invoke(parameter.Path) ?? parameter.Path, parameter.Value.shape));
        return new RuleCheckpoint(11, [.. own, .. more.Select(name => KeyValuePair.Create<string, long[]>(name, [2]))]);
    }
}
