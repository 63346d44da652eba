using ImgAlign.Networks.Qwen;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>Qwen2.5-VL as the reader of pictures and prompts: the second detector of IMG's ablations. It needs an aligner that was trained
/// with it.</summary>
public sealed class QwenDetector : QwenVlDetector<QwenModel>
{
    private const string Title = "Qwen2.5-VL";

    /// <summary>Reads configurations and the tokenizer, and compares names and shapes of the weights; weights are read on first
    /// use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are, and how Qwen2.5-VL is asked.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, files do not belong together, or an option is not
    /// supported.</exception>
    public QwenDetector(DeviceRuntime runtime, QwenOptions options)
        : this(runtime, options, QwenConfig.Read(Checked(runtime, options).ModelPath)) { }

    private QwenDetector(DeviceRuntime runtime, QwenOptions options, QwenConfig config)
        : base(
            runtime,
            config,
            new QwenProcessor(config, options.ModelPath, options.System, options.MaxPixels),
            new ModelSource<QwenModel>(
                Title,
                () => new QwenModel(config, META),
                (model, weights) => QwenWeights.Open(model, options.ModelPath, weights)
            ),
            options.Storage
        ) { }

    /// <inheritdoc/>
    public override string Name => Title;

    private static QwenOptions Checked(DeviceRuntime runtime, QwenOptions options)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(options);
        return options;
    }
}
