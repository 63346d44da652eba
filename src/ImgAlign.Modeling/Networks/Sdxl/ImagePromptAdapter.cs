using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>
/// The keys and values of image prompts for every cross attention of an SDXL UNet: the <c>ip_adapter</c> part of
/// <c>ip-adapter-plus_sdxl_vit-h.bin</c> (IP-Adapter). The UNet's own weights stay as they are.
/// </summary>
public sealed class ImagePromptAdapter : nn.Module
{
    private readonly List<ImagePromptProjection> projections = [];

    /// <summary>Creates the projections; their weights are uninitialised.</summary>
    /// <param name="config">The UNet's configuration.</param>
    /// <param name="device">Where the weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public ImagePromptAdapter(SdxlUNetConfig config, Device device)
        : base(nameof(ImagePromptAdapter))
    {
        foreach (var width in UNetPlan.Of(config).CrossAttentionWidths)
        {
            var projection = new ImagePromptProjection(config.CrossAttentionDim, width, device);
            // The file counts all attentions; self attentions, which come first in each layer, are the even ones.
            register_module($"{2 * projections.Count + 1}", projection);
            projections.Add(projection);
        }
    }

    /// <summary>The names in the published file, next to those of the resampler (<c>image_proj</c>).</summary>
    public static WeightMap Weights { get; } = WeightMap.Prefixed("ip_adapter.");

    /// <summary>Refuses another kind of IP-Adapter than "plus", whose keys and values were trained for other tokens.</summary>
    /// <param name="file">The file; only its names are looked at.</param>
    /// <exception cref="CheckpointException">It holds a projection, and not that of the plus kind.</exception>
    public static void RequirePlus(Checkpoint file)
    {
        var projection = file.Tensors.Keys.Where(static name => name.StartsWith("image_proj.", StringComparison.Ordinal)).ToList();
        if (projection.Count > 0 && !projection.Contains("image_proj.latents"))
            throw file.Fault(
                projection[0],
                "belongs to an IP-Adapter that is not of the plus kind, which makes other tokens of an image than IMG's "
                    + "resampler; take ip-adapter-plus_sdxl_vit-h.bin."
            );
    }

    /// <summary>
    /// Gives each projection the weights with which its attention projects text: what training starts from (IP-Adapter's
    /// <c>tutorial_train_sdxl.py</c>), since queries are made for them. Both networks have weights, of one type and on one device.
    /// </summary>
    /// <param name="unet">The UNet that the adapter is for.</param>
    public void StartFromText(UNet2DConditionModel unet)
    {
        ArgumentNullException.ThrowIfNull(unet);
        using var noGrad = no_grad();
        foreach (var (attention, projection) in unet.CrossAttentions.Zip(projections))
            attention.CopyContextWeights(projection);
    }

    /// <summary>One a cross attention, in the file's order: down blocks, up blocks, mid block.</summary>
    internal IReadOnlyList<ImagePromptProjection> Projections => projections;
}

/// <summary>The keys and values of image prompts for one cross attention.</summary>
internal sealed class ImagePromptProjection : nn.Module
{
    [ComponentName(Name = "to_k_ip")]
    private readonly CompactLinear toKeys;

    [ComponentName(Name = "to_v_ip")]
    private readonly CompactLinear toValues;

    public ImagePromptProjection(long inputs, long outputs, Device device)
        : base(nameof(ImagePromptProjection))
    {
        toKeys = new CompactLinear(inputs, outputs, hasBias: false, device);
        toValues = new CompactLinear(inputs, outputs, hasBias: false, device);
        RegisterComponents();
    }

    /// <summary>Takes other weights, without gradients.</summary>
    public void Copy(Tensor keys, Tensor values)
    {
        using var scope = NewDisposeScope();
        toKeys.Weight.copy_(keys);
        toValues.Weight.copy_(values);
    }

    /// <summary>Keys <c>[B, n, C]</c> of image tokens <c>[B, n, d]</c>.</summary>
    public Tensor Keys(Tensor tokens)
    {
        TensorDevice.Require(this, toKeys.Weight.device, tokens);
        return toKeys.call(tokens);
    }

    /// <summary>Values <c>[B, n, C]</c> of image tokens <c>[B, n, d]</c>.</summary>
    public Tensor Values(Tensor tokens) => toValues.call(tokens);
}
