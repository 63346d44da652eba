using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>A sampler with what a <c>scheduler_config.json</c> asks for beside its name, so that records can tell.</summary>
/// <param name="sampler">The sampler, which has the options.</param>
/// <param name="options">What they are, by the names of the file.</param>
internal sealed class ConfiguredSampler(ISampler sampler, IReadOnlyDictionary<string, string> options) : ISampler
{
    public string Name => sampler.Name;

    public SamplerKind Kind => sampler.Kind;

    public IReadOnlyDictionary<string, string> Options => options;

    public int CountEvaluations(int steps) => sampler.CountEvaluations(steps);

    public ISampler? WithEta(double eta) => sampler.WithEta(eta) is { } other ? new ConfiguredSampler(other, options) : null;

    public Tensor Sample(Tensor x, NoiseSchedule schedule, DataEstimate estimate, INoiseSource noise) =>
        sampler.Sample(x, schedule, estimate, noise);
}
