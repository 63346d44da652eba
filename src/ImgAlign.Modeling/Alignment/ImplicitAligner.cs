using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Alignment;

/// <summary>The Implicit Aligner of a checkpoint such as <c>aligner_sdxl.pth</c> (IMG, section 3.3).</summary>
public sealed class ImplicitAligner : IImplicitAligner, IMemoryFootprint
{
    private readonly ModelSlot<AlignerNetwork> slot;

    /// <summary>Looks at the checkpoint's shapes; its weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="path">The checkpoint.</param>
    /// <param name="headWidth">Width of an attention head, which the file does not tell; 64 in all released ones.</param>
    /// <param name="tokens">The number of image-prompt tokens that it was trained for, where the file does not tell.</param>
    /// <exception cref="CheckpointException">
    /// The file cannot be read or holds no aligner, or it tells of another number of tokens.
    /// </exception>
    public ImplicitAligner(DeviceRuntime runtime, string path, int headWidth = PerceiverConfig.ReleasedHeadWidth, int? tokens = null)
    {
        Runtime = runtime;
        using var checkpoint = Checkpoint.Open(path);
        var config = AlignerNetwork.ReadConfig(checkpoint, headWidth);
        (DetectorWidth, TokenWidth) = ((int)config.InputWidth, (int)config.Width);
        var origin = AlignerOrigin.Of(checkpoint);
        if (tokens is { } asked && (origin.Tokens ?? asked) != asked)
            throw new CheckpointException(path, $"was trained for {origin.Tokens} image-prompt tokens, not {asked}; leave Tokens out.");
        Origin = origin with { Tokens = origin.Tokens ?? tokens };
        slot = new(
            runtime,
            new ModelSource<AlignerNetwork>(
                "Implicit Aligner",
                () => new AlignerNetwork(config, META),
                path,
                static (_, weights) => AlignerNetwork.Names(weights)
            )
        );
    }

    /// <inheritdoc/>
    public string Name => "Implicit Aligner";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public int DetectorWidth { get; }

    /// <inheritdoc/>
    public int TokenWidth { get; }

    /// <inheritdoc/>
    public AlignerOrigin? Origin { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The features have other widths than it was trained for, or there is less than one
    /// pass.</exception>
    public Tensor Align(Tensor h, Tensor z, int passes = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(passes, 1);
        RequireWidth(h, DetectorWidth, "the detector's hidden states");
        RequireWidth(z, TokenWidth, "image-prompt features");
        if (h.shape[0] != z.shape[0])
            throw new ArgumentException($"There are hidden states of {h.shape[0]} images but features of {z.shape[0]}.", nameof(z));

        using var noGrad = no_grad();
        using var lease = slot.Use();
        using var scope = NewDisposeScope();
        using var context = lease.Model.Prepare(h.to(Runtime.Device));
        var aligned = z.to(Runtime.Device);
        for (var pass = 0; pass < passes; pass++)
            aligned = lease.Model.Pass(context, aligned);
        FiniteNumbers.Require(aligned, "The aligned features", slot);
        return aligned.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        // Keys and values of the longest usual sequence of hidden states, in all layers.
        var activations = 1024L * workload.Batch * TokenWidth * 16 * slot.ElementBytes;
        return [new StageFootprint(slot.Name, slot.WeightBytes, activations)];
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => slot.Dispose();

    private static void RequireWidth(Tensor features, int width, string what)
    {
        if (features.dim() != 3 || features.shape[2] != width)
            throw new ArgumentException(
                $"This aligner was trained for {what} of width {width}, but a tensor of shape "
                    + $"[{string.Join(", ", features.shape)}] was given; load the aligner that belongs to the models in use."
            );
    }
}
