using System.Diagnostics;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Testing.SelfTest;

/// <summary>
/// One step of a network of published size, whose weights follow from a rule: whether a device computes it, and whether a type of 16 bits
/// comes as near to float32 as it should. Whether the networks compute the right thing is for the golden cases to say.
/// </summary>
public sealed class FullSizeTest
{
    // Float32 is 16 bits finer than bfloat16: about 1e-6 is expected, and 1e-2 where a device takes TF32 in its place.
    private const double Bound32 = 1e-4;

    private readonly double bound16;

    private FullSizeTest(string name, string input, double bound16, long weights, Func<DeviceRuntime, FullSizeRun> run) =>
        (Name, Input, this.bound16, Weights, Run) = (name, input, bound16, weights, run);

    /// <summary>
    /// A network of each family, from the smallest to the largest, so that a GPU's peak, which libtorch never gives back, is mostly the
    /// test's. The bounds of 16 bits are three times what bfloat16 gave on a CPU: 0.048, 0.018, 0.020 and 0.015.
    /// </summary>
    public static IReadOnlyList<FullSizeTest> All { get; } =
    [
        Create("SDXL UNet", "latents 32x32", 0.15, static device => new UNet2DConditionModel(SdxlBase.UNet, device), Denoise),
        Create("Qwen2.5-VL-3B's language model", "32 tokens", 0.06, static device => new LlamaModel(Qwen, device), Read),
        Create("LLaVA-1.5-7B's language model", "32 tokens", 0.06, static device => new LlamaModel(Llava, device), Read),
        Create("FLUX.1-dev's transformer", "latents 8x8, 16 words", 0.05, static device => new FluxTransformer(Flux, device), Denoise),
    ];

    /// <summary>The network.</summary>
    public string Name { get; }

    /// <summary>What enters it.</summary>
    public string Input { get; }

    /// <summary>The number of its weights.</summary>
    public long Weights { get; }

    internal Func<DeviceRuntime, FullSizeRun> Run { get; }

    private static FluxConfig Flux => new() { GuidanceEmbeds = true };

    private static LlamaConfig Llava =>
        new()
        {
            VocabSize = 32064,
            HiddenSize = 4096,
            IntermediateSize = 11008,
            NumHiddenLayers = 32,
            NumAttentionHeads = 32,
            RmsNormEps = 1e-5,
        };

    private static LlamaConfig Qwen =>
        new()
        {
            VocabSize = 151936,
            HiddenSize = 2048,
            IntermediateSize = 11008,
            NumHiddenLayers = 36,
            NumAttentionHeads = 16,
            NumKeyValueHeads = 2,
            RopeTheta = 1e6,
            AttentionBias = true,
            AttentionOutputBias = false,
        };

    /// <summary>The largest error against float32 on the CPU that is no fault (<see cref="FullSizeResult.Error"/>).</summary>
    internal double Bound(Precision precision) => precision == Precision.Float32 ? Bound32 : bound16;

    internal static FullSizeTest Create<T>(
        string name,
        string input,
        double bound16,
        Func<torch.Device, T> create,
        Func<T, SeededInputs, torch.Tensor> step
    )
        where T : torch.nn.Module
    {
        using var network = create(torch.META);
        var weights = ModuleParameters
            .Enumerate(network)
            .Where(static parameter => !parameter.IsDerived)
            .Sum(static parameter => parameter.Value.numel());
        return new(name, input, bound16, weights, runtime => Compute(runtime, name, create, step));
    }

    private static FullSizeRun Compute<T>(
        DeviceRuntime runtime,
        string name,
        Func<torch.Device, T> create,
        Func<T, SeededInputs, torch.Tensor> step
    )
        where T : torch.nn.Module
    {
        using var noGrad = torch.no_grad();
        using var network = create(torch.META);
        using var weights = new RepeatedWeights(network);
        var source = new ModelSource<T>(name, () => create(torch.META), (made, files) => files.Add(made, weights, WeightMap.Identity));
        using var slot = new ModelSlot<T>(runtime, source);
        using var peak = new PeakMemory(runtime.Device);
        var watch = Stopwatch.StartNew();
        using var lease = slot.Use();
        var loading = watch.Elapsed;
        float[] output = [];
        // The first step of a network that is all there also loads the device's code.
        for (var steps = runtime.Residency.Policy == ResidencyPolicy.KeepAll ? 2 : 1; steps > 0; steps--)
        {
            using var scope = torch.NewDisposeScope();
            using var inputs = new SeededInputs(runtime.Type, runtime.Device);
            watch.Restart();
            output = step(lease.Model, inputs).to(torch.float32).cpu().flatten().data<float>().ToArray(); // waits for the device
        }
        return new FullSizeRun(output)
        {
            Residency = runtime.Residency.Policy,
            Loading = loading,
            Step = watch.Elapsed,
            PeakMemoryBytes = peak.Bytes,
        };
    }

    private static torch.Tensor Denoise(UNet2DConditionModel unet, SeededInputs inputs)
    {
        using var conditioning = unet.Prepare(
            inputs.Noise(1, 77, SdxlBase.UNet.CrossAttentionDim),
            inputs.Noise(1, SdxlBase.TextEncoder2.ProjectionDim),
            inputs.Numbers([256, 256, 0, 0, 256, 256], 1, 6)
        );
        return unet.call(inputs.Noise(1, 4, 32, 32), inputs.Numbers([500], 1), conditioning);
    }

    private static torch.Tensor Denoise(FluxTransformer transformer, SeededInputs inputs)
    {
        const int words = 16;
        var config = transformer.Config;
        using var conditioning = transformer.Prepare(
            inputs.Noise(1, words, config.JointAttentionDim),
            inputs.Noise(1, config.PooledProjectionDim),
            inputs.Numbers([3.5f], 1),
            inputs.Numbers(new float[words * 3], words, 3),
            LatentPatches.Ids(8, 8, inputs.Device)
        );
        return transformer.call(inputs.Noise(1, 16, config.InChannels), inputs.Numbers([0.5f], 1), conditioning);
    }

    private static torch.Tensor Read(LlamaModel model, SeededInputs inputs) =>
        model.Run(model.Embed(inputs.Ids(32, model.Config.VocabSize)));
}
