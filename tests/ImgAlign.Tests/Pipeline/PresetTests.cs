using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Running;

namespace ImgAlign.Tests.Pipeline;

/// <summary>Presets of few-step models: what they set, and how they are compared with what is loaded.</summary>
public sealed class PresetTests : ModelTestBase
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl", "checkpoint");
    private static readonly string UNet = Path.Combine(Sdxl, "unet", "diffusion_pytorch_model.safetensors");
    private static readonly string Flux = Path.Combine(TestData.Golden, "flux");
    private static readonly GenerationItem Item = new("a red cube") { Size = new(64, 64) };

    public static TheoryData<string> Names => new(SamplingPresets.All.Select(static preset => preset.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_runs_on_the_tiny_checkpoints(string name)
    {
        var preset = SamplingPresets.ByName(name);
        var folder = name == "flux-schnell" ? "FLUX.1-schnell" : "FLUX.1-dev";
        using IDiffusionBackbone backbone =
            preset.Backbone == "SDXL"
                ? new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Sdxl })
                : new FluxBackbone(Runtime, new FluxOptions { ModelPath = Path.Combine(Flux, folder), MaxTextTokens = 16 });
        using var pipeline = new GenerationPipeline(backbone);

        var result = await pipeline.GenerateAsync(new GenerationRequest(Item) { Preset = name });

        Assert.Equal((preset.Steps, preset.Guidance), (result.Settings.Steps, result.Settings.Guidance));
        Assert.Equal(preset.Sampler.Name, result.Settings.Sampler.Name);
        var evidence = name == "flux-schnell" ? "the folder name FLUX.1-schnell" : null;
        Assert.Equal((name, evidence), (result.Settings.Preset, result.Settings.PresetEvidence));
    }

    [Fact]
    public async Task The_one_step_Lightning_predicts_the_sample_and_begins_at_the_last_timestep()
    {
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Sdxl });
        using var pipeline = new GenerationPipeline(backbone, new() { Preset = "lightning-1" });
        var settings = (await pipeline.GenerateAsync(new GenerationRequest(Item))).Settings;

        var schedule = backbone.CreateSchedule(settings, Item.Size!.Value);

        Assert.Equal(PredictionType.Data, schedule.Prediction);
        Assert.Equal([999], schedule.Levels.Select(static level => level.Timestep));
    }

    [Fact]
    public async Task What_a_request_says_itself_comes_before_its_preset()
    {
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Sdxl });
        using var pipeline = new GenerationPipeline(backbone);
        var request = new GenerationRequest(Item)
        {
            Preset = "hyper-sdxl-1",
            Steps = 3,
            Eta = 0.3,
        };
        var settings = (await pipeline.GenerateAsync(request)).Settings;
        Assert.Equal((3, 0.3, "tcd"), (settings.Steps, settings.Eta, settings.Sampler.Name));

        // The preset's share of new noise is its sampler's.
        var other = (await pipeline.GenerateAsync(request with { Eta = null, Sampler = Samplers.Euler })).Settings;
        Assert.Equal((null, "euler"), (other.Eta, other.Sampler.Name));

        var listed = request with { Preset = "dmd2-4", Eta = null };
        var refused = await Assert.ThrowsAsync<InvalidRequestException>(() => pipeline.GenerateAsync(listed));
        Assert.Contains("dmd2-4 has a list of timesteps for 4", refused.Message, StringComparison.Ordinal);
        var own = listed with
        {
            Steps = null,
            NoiseLevels = new() { Timesteps = [999, 499] },
        };
        Assert.Equal(2, (await pipeline.GenerateAsync(own)).Settings.Steps);
        var spaced = own with { NoiseLevels = own.NoiseLevels with { TimestepSpacing = TimestepSpacing.Trailing } };
        var both = await Assert.ThrowsAsync<InvalidRequestException>(() => pipeline.GenerateAsync(spaced));
        Assert.Contains("leaves nothing to space", both.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sdxl_lightning_4step_unet.safetensors", "lightning-4", "lightning-8", "lightning for 4 steps")]
    [InlineData("juggernautXL_v9Lightning_4S.safetensors", "lightning-4", "dmd2-4", "lightning for 4 steps")]
    [InlineData("dreamshaperXL_lightning.safetensors", "lightning-8", "lcm-lora", "the model is lightning;")]
    [InlineData("sd_xl_turbo_1.0_fp16.safetensors", "sdxl-turbo", "lightning-1", "the model is sdxl-turbo")]
    [InlineData("Hyper-SDXL-1step-Unet.safetensors", "hyper-sdxl-1-unet", "hyper-sdxl-1", "hyper-sdxl-unet for 1 steps")]
    [InlineData("dmd2_sdxl_4step_unet_fp16.safetensors", "dmd2-4", "dmd2-1", "dmd2 for 4 steps")]
    public void A_file_name_confirms_a_preset_or_contradicts_it(string file, string fitting, string other, string is_)
    {
        File.CreateSymbolicLink(Folder.File(file), UNet);
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Sdxl, UNetPath = Folder.File(file) });

        Assert.Equal($"the file name {file}", backbone.CheckPreset(SamplingPresets.ByName(fitting)));
        var refused = Assert.Throws<InvalidRequestException>(() => backbone.CheckPreset(SamplingPresets.ByName(other)));
        Assert.Contains(is_, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Folder.Path, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repository_in_the_cache_and_a_header_confirm_a_preset()
    {
        const string Snapshot = "models--ByteDance--SDXL-Lightning/snapshots/0123";
        Directory.CreateDirectory(Folder.File(Snapshot));
        var cached = Folder.File($"{Snapshot}/sdxl_lightning_2step_unet.safetensors");
        File.CreateSymbolicLink(cached, UNet);
        Assert.Equal(
            new DistillationSign(
                "lightning",
                2,
                "the repository ByteDance/SDXL-Lightning and the file name sdxl_lightning_2step_unet.safetensors"
            ),
            Assert.Single(DistillationSigns.Of(cached))
        );

        using var weights = Checkpoint.Open(UNet);
        var titled = Folder.File("unet.safetensors");
        SafetensorsWriter.Write(titled, weights, new Dictionary<string, string> { ["modelspec.title"] = "My SDXL Lightning 8-step" });
        var sign = Assert.Single(DistillationSigns.Of(titled));
        Assert.Equal(("lightning", 8), (sign.Distillation, sign.Steps));
        Assert.Contains("modelspec.title", sign.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Hyper-SDXL-8steps-CFG-lora.safetensors", "hyper-sdxl-cfg", 8)]
    [InlineData("Hyper-SDXL-8steps-lora.safetensors", "hyper-sdxl", 8)]
    [InlineData("Hyper-FLUX.1-dev-16steps-lora.safetensors", "hyper-flux", 16)]
    [InlineData("lcm-lora-sdxl.safetensors", "lcm", null)]
    [InlineData("flux1-krea-dev.safetensors", "flux-krea", null)]
    [InlineData("flux1-schnell-Q4_K.gguf", "flux-schnell", null)]
    public void Names_tell_distillation_and_steps(string file, string distillation, int? steps)
    {
        var sign = Assert.Single(DistillationSigns.Of(file));
        Assert.Equal((distillation, steps), (sign.Distillation, sign.Steps));
    }

    [Theory]
    [InlineData("sd_xl_base_1.0.safetensors")]
    [InlineData("stable-diffusion-3.5-large-turbo.safetensors")]
    [InlineData("diffusion_pytorch_model.safetensors")]
    [InlineData("flux1-dev.safetensors")]
    public void Other_names_tell_nothing(string file) => Assert.Empty(DistillationSigns.Of(file));

    [Fact]
    public void A_Lora_counts_with_its_scale()
    {
        var lora = Folder.File("Hyper-FLUX.1-dev-8steps-lora.safetensors");
        File.CreateSymbolicLink(lora, Path.Combine(Flux, "lora", "lora_peft.safetensors"));
        var preset = SamplingPresets.ByName("hyper-flux-8");
        Assert.Equal($"the file name {Path.GetFileName(lora)}", Check(0.125));
        Assert.Contains(
            "at a scale of 0.125, but it acts with 1",
            Assert.Throws<InvalidRequestException>(() => Check(1)).Message,
            StringComparison.Ordinal
        );

        string? Check(double scale)
        {
            var options = new FluxOptions { ModelPath = Path.Combine(Flux, "FLUX.1-dev"), MaxTextTokens = 16 };
            options.Loras.Add(new LoraOptions { Path = lora, Scale = scale });
            using var backbone = new FluxBackbone(Runtime, options);
            return backbone.CheckPreset(preset);
        }
    }

    [Fact]
    public void The_family_and_an_input_for_guidance_contradict_a_preset()
    {
        using var dev = new FluxBackbone(Runtime, new FluxOptions { ModelPath = Path.Combine(Flux, "FLUX.1-dev") });
        Assert.Contains("the model is FLUX", Refusal(dev, "lightning-4"), StringComparison.Ordinal);
        Assert.Contains("takes guidance as an input", Refusal(dev, "flux-schnell"), StringComparison.Ordinal);
        using var schnell = new FluxBackbone(Runtime, new FluxOptions { ModelPath = Path.Combine(Flux, "FLUX.1-schnell") });
        Assert.Contains("the model is flux-schnell", Refusal(schnell, "flux-krea"), StringComparison.Ordinal);
        using var world = new ColourWorld();
        Assert.Contains("has none; leave it out", Refusal(world.Backbone, "lightning-4"), StringComparison.Ordinal);

        static string Refusal(IDiffusionBackbone backbone, string preset) =>
            Assert.Throws<InvalidRequestException>(() => backbone.CheckPreset(SamplingPresets.ByName(preset))).Message;
    }

    [Fact]
    public async Task Without_guidance_there_is_no_unconditional_branch()
    {
        var calls = new List<string>();
        using var world = new ColourWorld(hook: calls.Add);
        var request = ColourWorld.Request with { Steps = 3, Guidance = 1 };

        await world.Pipeline.AlignAsync(request);
        Assert.DoesNotContain(HookedBackbone.Unconditional, calls);
        Assert.Equal(2 * 3, calls.Count(static call => call == nameof(IDiffusionBackbone.Predict)));

        await world.Pipeline.AlignAsync(request with { Guidance = 3 });
        Assert.Equal(2, calls.Count(static call => call == HookedBackbone.Unconditional)); // of the text, and of the image prompt
    }

    [Fact]
    public void Without_guidance_the_estimate_is_of_one_branch()
    {
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Sdxl });
        var request = new GenerationRequest(Item);
        Assert.Equal(2, Branches(request with { Guidance = 3 }));
        Assert.Equal(1, Branches(request with { Guidance = 1 }));
        Assert.Equal(1, Branches(request with { Preset = "lightning-4" }));

        int Branches(GenerationRequest asked) => PipelineRules.Workload(RequestRules.Resolve(asked, backbone)).BranchesAtOnce;
    }

    [Theory]
    [InlineData(2.0)]
    [InlineData(1.0)]
    public async Task A_flows_times_are_shifted_as_asked_and_others_have_none(double shift)
    {
        using var backbone = new FluxBackbone(Runtime, new FluxOptions { ModelPath = Path.Combine(Flux, "FLUX.1-dev") });
        var levels = backbone.CreateSchedule(
            backbone.Settings() with
            {
                Steps = 4,
                NoiseLevels = new() { Shift = shift },
            },
            Item.Size!.Value
        );
        double[] even = [1, 0.75, 0.5, 0.25];
        Assert.Equal(
            even.Select(time => shift * time / (1 + (shift - 1) * time)),
            levels.Levels.Select(static level => level.Noise),
            (a, b) => Math.Abs(a - b) < 1e-6
        );

        using var sdxl = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Sdxl });
        using var pipeline = new GenerationPipeline(sdxl);
        var request = new GenerationRequest(Item) { NoiseLevels = new() { Shift = shift } };
        var refused = await Assert.ThrowsAsync<InvalidRequestException>(() => pipeline.GenerateAsync(request));
        Assert.Contains("leave Shift out", refused.Message, StringComparison.Ordinal);
    }
}
