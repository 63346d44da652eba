using System.CommandLine;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Cli.Hub;
using ImgAlign.DependencyInjection;
using ImgAlign.Detectors;
using ImgAlign.Runtime;

namespace ImgAlign.Cli.Align;

// The options of the command line, and the keys that their values have in the section.
internal static partial class ModelConfiguration
{
    private static readonly Option<string?> Aligner = Text("--aligner", "The Implicit Aligner: aligner_sdxl.pth or aligner_flux.pth.");

    private static readonly Option<string?> Backbone = Text(
            "--backbone",
            $"The diffusion model's family: sdxl, flux or zimage; {DefaultBackbone} unless the file says otherwise."
        )
        .AcceptOnlyFromAmong([.. Families.Keys]);

    private static readonly Option<string?> Detector = Text(
            "--detector-family",
            $"The multimodal language model's family: llava, qwen or qwen3vl; {DefaultDetector} unless the file says otherwise."
        )
        .AcceptOnlyFromAmong([.. Detectors.Keys]);

    // Those that image prompts are published for.
    private static readonly string[] Prompted =
    [
        .. Families.Where(static family => family.Value.Aligner is not null).Select(static family => family.Key),
    ];

    // The names that the options have in the chosen family's section, and the families that they are of; none where they are of all.
    private static readonly (string Key, Option Option, string[] Families)[] BackboneValues =
    [
        (
            nameof(SdxlOptions.ModelPath),
            Text("--model", "SDXL, FLUX or Z-Image: a folder as published, a folder of the hub's cache, or for SDXL a single file."),
            []
        ),
        (
            nameof(SdxlOptions.ConfigPath),
            Text("--model-config", "For a single file of SDXL: the folder that holds its tokenizers."),
            ["sdxl"]
        ),
        (nameof(SdxlOptions.UNetPath), Text("--unet", "Another UNet, such as that of SDXL-DPO: a folder or a file."), ["sdxl"]),
        (
            nameof(FluxOptions.TransformerPath),
            Text("--transformer", "Another transformer of FLUX or Z-Image: a folder, or a file such as flux1-dev.safetensors."),
            ["flux", "zimage"]
        ),
        (
            nameof(SdxlOptions.VaePath),
            Text(
                "--vae",
                "Another autoencoder (VAE), also for single files without one: a folder, or a file such as sdxl_vae.safetensors "
                    + "or ae.safetensors."
            ),
            []
        ),
        (
            nameof(SdxlOptions.TinyVaePath),
            Text(
                "--tiny-vae",
                "A tiny autoencoder for --preview and --decoder tiny: TAESDXL, or TAEF1 for FLUX, as a folder, its decoder's file or a "
                    + "name of the hub."
            ),
            []
        ),
        (
            nameof(SdxlOptions.Decoder),
            ValueOption.Choice<PictureDecoder>("--decoder", "What makes the final pictures, the VAE or for a quick look the tiny one"),
            []
        ),
        (
            nameof(SdxlOptions.VaePrecision),
            ValueOption.Choice<Precision>("--vae-precision", "The number format that autoencoders run in; as the VAE's config.json says"),
            []
        ),
        (
            nameof(SdxlOptions.VaeTiling),
            ValueOption.Choice<VaeTiling>(
                "--vae-tiling",
                "When autoencoders work tile by tile, which takes less memory and changes the picture a little"
            ),
            []
        ),
        (
            nameof(SdxlOptions.VaeTileSize),
            ValueOption.Number<int>("--vae-tile-size", "Both sides of a tile in pixels; 512 unless it is said."),
            []
        ),
        (
            nameof(SdxlOptions.Storage),
            ValueOption.Choice<WeightStorage>("--storage", "How UNet or transformer keep their linear layers' weights"),
            []
        ),
        (
            nameof(SdxlOptions.TextEncoderStorage),
            ValueOption.Choice<WeightStorage>("--text-encoder-storage", "How the text encoders keep their linear layers' weights"),
            []
        ),
        (
            nameof(SdxlOptions.ImageEncoderStorage),
            ValueOption.Choice<WeightStorage>("--image-encoder-storage", "How the image prompt's encoder keeps its linear layers' weights"),
            Prompted
        ),
        (
            nameof(FluxOptions.StepCacheThreshold),
            ValueOption.Number<double>(
                "--step-cache",
                "FLUX: skip blocks in steps whose first block changes relatively less than this, such as 0.1."
            ),
            ["flux"]
        ),
        (
            nameof(SdxlOptions.ImageEncoderPath),
            Text("--image-encoder", "The image prompt's encoder, ViT-H/14 for SDXL, ViT-L/14 for FLUX: a folder."),
            Prompted
        ),
        (
            nameof(FluxOptions.ReduxPath),
            Text("--redux", "FLUX.1-Redux as the image prompt: its folder, or flux1-redux-dev.safetensors with SigLIP as --image-encoder."),
            ["flux"]
        ),
        (nameof(SdxlOptions.ResamplerPath), Text("--resampler", "The image prompt's projection for SDXL: resampler.pth."), ["sdxl"]),
        (
            nameof(SdxlOptions.AdapterPath),
            Text("--ip-adapter", "The image prompt's keys and values: ip-adapter-plus_sdxl_vit-h.bin, or ip_adapter.safetensors for FLUX."),
            Prompted
        ),
    ];

    private static readonly (string Key, Option Option, string[] Families)[] DetectorValues =
    [
        (nameof(LlavaOptions.ModelPath), Text("--detector", "LLaVA-1.5 in either published layout, Qwen2.5-VL or Qwen3-VL: a folder."), []),
        (
            nameof(LlavaOptions.VisionTowerPath),
            Text("--vision-tower", "LLaVA's vision tower, where the model's folder does not hold it: a folder."),
            ["llava"]
        ),
        (
            nameof(LlavaOptions.Template),
            Text("--template", "LLaVA's conversation template: llava_v0, llava_v1, vicuna_v1 or plain.")
                .AcceptOnlyFromAmong("llava_v0", "llava_v1", "vicuna_v1", "plain"),
            ["llava"]
        ),
        (
            nameof(LlavaOptions.Storage),
            ValueOption.Choice<WeightStorage>("--detector-storage", "How the detector keeps its linear layers' weights"),
            []
        ),
        (
            nameof(QwenOptions.MaxPixels),
            ValueOption.Number<int>(
                "--max-pixels",
                "The most pixels of a picture that Qwen2.5-VL or Qwen3-VL reads; larger ones are scaled down first."
            ),
            ["qwen", "qwen3vl"]
        ),
    ];

    // The names that the other options have.
    private static readonly (string Key, Option Option)[] Values =
    [
        (BackboneKey, Backbone),
        (DetectorKey, Detector),
        (AlignerPathKey, Aligner),
        (
            HeadWidthKey,
            ValueOption.Number<int>(
                "--aligner-head-width",
                "Width of the aligner's attention heads, which its file does not tell; 64 in released ones."
            )
        ),
        (
            TokensKey,
            ValueOption.Number<int>(
                "--aligner-tokens",
                "The number of image-prompt tokens that the aligner was trained for, where its file does not tell."
            )
        ),
    ];

    // Where and how models run, whichever they are.
    private static readonly (string Key, Option Option)[] RuntimeValues =
    [
        (nameof(RuntimeOptions.Device), Text("--device", "Where to compute: cpu, cuda or cuda:N.")),
        (nameof(RuntimeOptions.Precision), ValueOption.Choice<Precision>("--precision", "The number format of weights and activations")),
        (
            nameof(RuntimeOptions.Residency),
            ValueOption.Choice<ResidencyPolicy>("--residency", "Which networks are in device memory at the same time")
        ),
        (
            nameof(RuntimeOptions.UseWideGemm),
            Text(
                    "--wide-gemm",
                    "Whether large products on AMD's CPUs run on this tool's own kernel, which is faster and rounds otherwise: "
                        + "true (the default) or false."
                )
                .AcceptOnlyFromAmong("true", "false")
        ),
    ];

    private static readonly Option<string?> ConfigurationFile = Text(
        "--config",
        "A JSON file with the section ImgAlign; its paths are relative to it."
    );

    private static readonly Option<string?> Released = Text(
        "--ckpts",
        "The authors' folder: image_encoder/, the image prompt's files (SDXL: resampler.pth, ip-adapter-plus_sdxl_vit-h.bin; "
            + "FLUX: ip_adapter.safetensors) and the aligner."
    );

    private static readonly Option<string[]> Loras = new("--lora")
    {
        Description = "A LoRA, as FILE or FILE:SCALE; may be given several times.",
    };

    private static readonly Option<string?> Recipe = Text(
        "--recipe",
        "A set of models by name, such as sdxl or flux, as imgalign pull has fetched it; other options change parts of it."
    );

    private static readonly Option<string?> Recipes = RecipeOptions.CreateRecipes();

    private static Option<string?> Text(string name, string description) => new(name) { Description = description };
}
