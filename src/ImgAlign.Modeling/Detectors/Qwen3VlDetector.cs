using ImgAlign.Networks.Qwen3Vl;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>Qwen3-VL as the reader of pictures and prompts, and as judge: GenEval 2's is Qwen3-VL-8B. As a detector it needs an aligner that
/// was trained with it.</summary>
public sealed class Qwen3VlDetector : QwenVlDetector<Qwen3VlModel>
{
    private const string Title = "Qwen3-VL";

    /// <summary>Reads configurations and the tokenizer, and compares names and shapes of the weights; weights are read on first
    /// use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are, and how Qwen3-VL is asked.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, files do not belong together, or an option is not
    /// supported.</exception>
    public Qwen3VlDetector(DeviceRuntime runtime, Qwen3VlOptions options)
        : this(runtime, options, Qwen3VlConfig.Read(Checked(runtime, options).ModelPath)) { }

    private Qwen3VlDetector(DeviceRuntime runtime, Qwen3VlOptions options, Qwen3VlConfig config)
        : base(
            runtime,
            config,
            new QwenProcessor(config, options.ModelPath, options.System, options.MaxPixels, addsSystem: false),
            new ModelSource<Qwen3VlModel>(
                Title,
                () => new Qwen3VlModel(config, META),
                (model, weights) => Qwen3VlWeights.Open(model, options.ModelPath, weights)
            ),
            options.Storage
        ) { }

    /// <inheritdoc/>
    public override string Name => Title;

    private static Qwen3VlOptions Checked(DeviceRuntime runtime, Qwen3VlOptions options)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(options);
        return options;
    }
}
