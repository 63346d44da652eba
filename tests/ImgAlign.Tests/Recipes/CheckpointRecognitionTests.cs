using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Recipes;
using ImgAlign.Testing.Golden;

namespace ImgAlign.Tests.Recipes;

/// <summary>Checkpoints are recognized by names and shapes: the published ones by their lists, others by small files.</summary>
public sealed class CheckpointRecognitionTests
{
    [Theory]
    [InlineData("sdxl-unet", "UNet of SDXL", "--unet FILE")]
    [InlineData("sdxl-dpo-unet", "UNet of SDXL", "--unet FILE")]
    [InlineData("sdxl-vae", "VAE of SDXL or Stable Diffusion", "--vae FILE")]
    [InlineData("sdxl-text-encoder", "text encoder of CLIP", null)]
    [InlineData("sdxl-text-encoder-2", "text encoder of CLIP", null)]
    [InlineData("flux1-dev-bfl", "transformer of FLUX.1", "--backbone flux --transformer FILE")]
    [InlineData("flux-transformer-diffusers", "transformer of FLUX.1", "--backbone flux --transformer FILE")]
    [InlineData("flux-ae-bfl", "VAE of FLUX.1", "--backbone flux --vae FILE")]
    [InlineData("flux-vae-diffusers", "VAE of FLUX.1", "--backbone flux --vae FILE")]
    [InlineData("flux-t5-xxl", "text encoder of T5", null)]
    [InlineData("flux-ip-adapter", "XLabs' image prompt for FLUX.1", "--backbone flux --ip-adapter FILE")]
    [InlineData("ip-adapter-plus-sdxl-vit-h", "IP-Adapter Plus for SDXL", "--ip-adapter FILE")]
    [InlineData("img-resampler", "projection of SDXL's image prompt", "--resampler FILE")]
    [InlineData("aligner-sdxl", "Implicit Aligner", "--aligner FILE --aligner-tokens N")]
    [InlineData("clip-vit-h-image-encoder", "image encoder of CLIP", "--image-encoder FOLDER, or LLaVA's --vision-tower FOLDER")]
    [InlineData("llava-1.5-13b", "LLaVA-1.5", "--detector FOLDER --vision-tower FOLDER")]
    [InlineData("llava-1.5-7b-hf", "LLaVA-1.5", "--detector FOLDER")]
    [InlineData("qwen2.5-vl-3b", "Qwen2.5-VL", "--detector-family qwen --detector FOLDER")]
    [InlineData("pickscore-v1", "CLIP", "--scorer clipscore=FOLDER, or pickscore=FOLDER")]
    public void Published_checkpoints_are_known(string manifest, string what, string? use)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestData.Golden, "manifest", $"{manifest}.json")));
        var shapes = json
            .RootElement.GetProperty("tensors")
            .EnumerateObject()
            .ToDictionary(
                static tensor => tensor.Name,
                static tensor => tensor.Value.EnumerateArray().Select(static n => n.GetInt64()).ToArray()
            );
        using var checkpoint = new RuleCheckpoint(1, shapes);
        var found = CheckpointRecognition.Of(checkpoint);
        Assert.Equal((what, use), (found?.What, found?.Use));
    }

    [Theory]
    [InlineData("lora_peft", "peft's names", "changes the transformer")]
    [InlineData("lora_kohya", "kohya's names", "changes the transformer")]
    [InlineData("lora_xlabs", "names of attention processors", "changes the transformer")]
    public void Loras_of_Flux_are_known_in_every_layout(string file, string layout, string changes)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(TestData.Golden, "flux", "lora", $"{file}.safetensors"));
        var found = CheckpointRecognition.Of(checkpoint);
        Assert.Equal(("LoRA of FLUX.1", layout), (found?.What, found?.Layout));
        Assert.Contains(changes, found!.Details[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sdxl/lora", "LoRA of SDXL", "--lora FILE:SCALE")]
    [InlineData("zimage/lora", "LoRA of Z-Image", "--backbone zimage --lora FILE:SCALE")]
    public void Loras_are_told_by_the_layers_that_they_change(string folder, string what, string use)
    {
        var files = Directory.GetFiles(Path.Combine(TestData.Golden, folder), "*.safetensors");
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            using var checkpoint = Checkpoint.Open(file);
            var found = CheckpointRecognition.Of(checkpoint);
            Assert.Equal((what, use), (found?.What, found?.Use));
        }
    }

    [Theory]
    [InlineData("diffusion_model.layers.0.attention.to_q", "LoRA of Z-Image")]
    [InlineData("diffusion_model.blocks.0.self_attn.q", "LoRA of a model that is not known here")]
    public void A_Lora_is_not_of_SDXL_unless_it_changes_its_layers(string layer, string what)
    {
        using var checkpoint = new RuleCheckpoint(
            1,
            new Dictionary<string, long[]> { [$"{layer}.lora_A.weight"] = [8, 64], [$"{layer}.lora_B.weight"] = [64, 8] }
        );
        Assert.Equal(what, CheckpointRecognition.Of(checkpoint)?.What);
    }

    [Theory]
    [InlineData("hpsv3/checkpoint/HPSv3.safetensors", "HPSv3", "--scorer hpsv3=FILE")]
    [InlineData("imagereward/checkpoint/ImageReward.pt", "ImageReward", "--scorer imagereward=FILE")]
    [InlineData("redux/flux1-redux-dev.safetensors", "FLUX.1-Redux", "--backbone flux --redux FILE --image-encoder FOLDER (SigLIP)")]
    [InlineData("zimage/Z-Image-Turbo/transformer", "transformer of Z-Image", "--backbone zimage --transformer FILE")]
    [InlineData("zimage/single-file/z_image_turbo_prefixed.safetensors", "transformer of Z-Image", "--backbone zimage --transformer FILE")]
    public void Scorers_and_newer_networks_are_known(string path, string what, string use)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(TestData.Golden, path));
        var found = CheckpointRecognition.Of(checkpoint);
        Assert.Equal((what, use), (found?.What, found?.Use));
    }

    [Theory]
    [InlineData("visual.blocks.0.mlp.fc1.weight", "Qwen2-VL")]
    [InlineData("visual.blocks.0.mlp.gate_proj.weight", "Qwen2.5-VL")]
    public void Qwen2_VL_which_HPSv3_is_made_of_is_no_detector(string layer, string what)
    {
        using var checkpoint = new RuleCheckpoint(
            1,
            new Dictionary<string, long[]> { [layer] = [8, 8], ["visual.merger.mlp.0.weight"] = [8, 8] }
        );
        Assert.Equal(what, CheckpointRecognition.Of(checkpoint)?.What);
    }

    [Theory]
    [InlineData(2048, "LoRA of SDXL")]
    [InlineData(768, "LoRA of Stable Diffusion 1.x or 2.x")]
    public void A_Lora_of_a_UNet_is_told_by_the_width_of_its_prompts(long width, string what)
    {
        const string Layer = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k";
        using var checkpoint = new RuleCheckpoint(
            1,
            new Dictionary<string, long[]>
            {
                [$"{Layer}.lora_down.weight"] = [8, width],
                [$"{Layer}.lora_up.weight"] = [640, 8],
                [$"{Layer}.alpha"] = [1],
            }
        );
        var found = CheckpointRecognition.Of(checkpoint);
        Assert.Equal((what, width == 2048 ? "--lora FILE:SCALE" : null), (found?.What, found?.Use));
    }

    [Theory]
    [InlineData("model.diffusion_model.label_emb.0.0.weight", "v_pred", "predicts velocity")]
    [InlineData("add_embedding.linear_1.weight", "ztsnr", "zero terminal SNR")]
    public void A_UNet_tells_what_it_predicts(string sizes, string mark, string detail)
    {
        using var checkpoint = new RuleCheckpoint(1, new Dictionary<string, long[]> { [sizes] = [1280, 2816], [mark] = [1] });
        Assert.Contains(CheckpointRecognition.Of(checkpoint)!.Details, text => text.Contains(detail, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_known_is_nothing()
    {
        using var checkpoint = new RuleCheckpoint(1, new Dictionary<string, long[]> { ["weight"] = [2, 2] });
        Assert.Null(CheckpointRecognition.Of(checkpoint));
    }
}
