using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;

namespace ImgAlign.Networks.Sdxl;

/// <summary>LoRAs of SDXL, which name layers as diffusers and transformers do, or as the original file does.</summary>
public static class SdxlLora
{
    /// <summary>A checkpoint of the UNet with LoRAs merged into it.</summary>
    /// <param name="checkpoint">The base, in any layout; borrowed, and needed as long as the result is.</param>
    /// <param name="unet">The network.</param>
    /// <param name="map">How the network's parameters are named in the base.</param>
    /// <param name="loras">The LoRAs with their scales; borrowed, and needed as long as the result is. Several add up.</param>
    /// <exception cref="CheckpointException">A LoRA changes a layer that the network does not have, or of another shape.</exception>
    public static LoraCheckpoint Merge(
        Checkpoint checkpoint,
        UNet2DConditionModel unet,
        WeightMap map,
        IEnumerable<(LoraWeights Lora, double Scale)> loras
    ) =>
        new(
            checkpoint,
            unet,
            map,
            LoraTarget.Denoiser,
            loras,
            new WeightMap(name => new WeightSource.Whole(SdxlNames.UNetName(name, unet.Config)))
        );

    /// <summary>A checkpoint of a text encoder with LoRAs merged into it.</summary>
    /// <param name="checkpoint">The base, in any layout; borrowed, and needed as long as the result is.</param>
    /// <param name="encoder">The network.</param>
    /// <param name="map">How the network's parameters are named in the base.</param>
    /// <param name="target">Which text encoder it is.</param>
    /// <param name="loras">The LoRAs with their scales; borrowed, and needed as long as the result is. Several add up.</param>
    /// <exception cref="CheckpointException">A LoRA changes a layer that the network does not have, or of another shape.</exception>
    public static LoraCheckpoint Merge(
        Checkpoint checkpoint,
        ClipTextModel encoder,
        WeightMap map,
        LoraTarget target,
        IEnumerable<(LoraWeights Lora, double Scale)> loras
    ) => new(checkpoint, encoder, map, target, loras, ClipTextModel.LoraNames);
}
