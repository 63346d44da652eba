using ImgAlign.Backbones;
using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Pipeline;
using ImgAlign.Tests.ShapeWorld;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TorchSharp;

namespace ImgAlign.Tests.DependencyInjection;

public sealed class CompositionTests : IDisposable
{
    private static readonly AlignmentRequest Request = new(new AlignmentItem("a red house"));

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    private static ImgAlignBuilder AddColours(IServiceCollection services, Action<ImgAlignOptions>? configure = null) =>
        services
            .AddImplicitMultimodalGuidance(configure)
            .UseBackbone(static provider => new ColourBackbone(Runtime(provider)))
            .UseDetector(static provider => new ColourDetector(Runtime(provider)))
            .UseAligner(static provider => new ColourAligner(Runtime(provider)));

    [Fact]
    public async Task A_container_makes_the_pipeline_once()
    {
        var services = new ServiceCollection();
        AddColours(services).UseScorer(static provider => new ColourScorer(Runtime(provider)));
        await using var provider = services.BuildServiceProvider();
        var pipeline = provider.GetRequiredService<IAlignmentPipeline>();
        Assert.Same(pipeline, provider.GetRequiredService<IAlignmentPipeline>());
        Assert.Equal("Colour", Assert.Single((await pipeline.AlignOneAsync(Request)).BaseScores).Scorer);
        Assert.Single(
            (await provider.GetRequiredService<IGenerationPipeline>().GenerateAsync(new GenerationRequest(new GenerationItem("red")))).Items
        );
    }

    [Fact]
    public async Task The_same_name_replaces_a_part_and_leaves_the_others()
    {
        var services = new ServiceCollection();
        AddColours(services).UseBackbone(static provider => new Half(new ColourBackbone(Runtime(provider))));
        await using var provider = services.BuildServiceProvider();
        Assert.IsType<Half>(provider.GetRequiredKeyedService<IDiffusionBackbone>("default"));
        Assert.NotNull(await provider.GetRequiredService<IAlignmentPipeline>().AlignAsync(Request));
    }

    [Fact]
    public async Task Options_choose_models_by_name_and_the_last_one_is_the_default()
    {
        var services = new ServiceCollection();
        AddColours(
                services,
                options =>
                {
                    options.Pipelines["plain"] = new PipelineOptions { Backbone = "default" };
                    options.Pipelines["other"] = new PipelineOptions { Backbone = "half" };
                }
            )
            .UseBackbone(static provider => new Half(new ColourBackbone(Runtime(provider))), "half");
        await using var provider = services.BuildServiceProvider();
        var standard = await provider.GetRequiredService<IAlignmentPipeline>().AlignOneAsync(Request);
        var plain = await provider.GetRequiredKeyedService<IAlignmentPipeline>("plain").AlignOneAsync(Request);
        var other = await provider.GetRequiredKeyedService<IAlignmentPipeline>("other").AlignOneAsync(Request);
        Assert.Equal(standard.BaseImage, other.BaseImage);
        Assert.NotEqual(standard.BaseImage, plain.BaseImage);
        Assert.Equal(
            "There is no pipeline 'third'; Pipelines has plain, other.",
            Assert.Throws<ImgAlignException>(() => provider.GetRequiredKeyedService<IAlignmentPipeline>("third")).Message
        );
    }

    [Fact]
    public async Task A_world_s_scorer_scores_its_own_pictures_only()
    {
        var services = new ServiceCollection();
        AddColours(
                services,
                options =>
                    options.Pipelines["colours"] = new PipelineOptions
                    {
                        Backbone = "default",
                        Detector = "default",
                        Aligner = "default",
                    }
            )
            .UseShapeWorld(RandomWorld.Write(temporary.Path));
        await using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        Assert.Empty((await provider.GetRequiredKeyedService<IAlignmentPipeline>("colours").AlignOneAsync(Request)).BaseScores);
        var world = await provider
            .GetRequiredService<IAlignmentPipeline>()
            .AlignOneAsync(new AlignmentRequest(new AlignmentItem("a red circle left of a blue square")) { Steps = 1 });
        Assert.Equal("ShapeWorld's scorer", Assert.Single(world.BaseScores).Scorer);
        Assert.Equal("ShapeWorld", provider.GetRequiredKeyedService<IDiffusionBackbone>("shapeworld").Name);
    }

    [Fact]
    public async Task Models_of_one_pipeline_may_be_on_different_devices_and_share_its_items()
    {
        var services = new ServiceCollection();
        services
            .AddImplicitMultimodalGuidance(options =>
            {
                foreach (var name in new[] { "second", "third" })
                    options.Devices[name] = new RuntimeOptions { Threads = 1 };
                options.Pipeline.Backbone = "first";
                options.Pipeline.Replicas.Add("second");
            })
            .UseBackbone(static provider => new ColourBackbone(Runtime(provider)), "first")
            .UseBackbone(static provider => new ColourBackbone(provider.GetRequiredKeyedService<DeviceRuntime>("second")), "second")
            .UseDetector(static provider => new ColourDetector(provider.GetRequiredKeyedService<DeviceRuntime>("second")))
            .UseAligner(static provider => new ColourAligner(provider.GetRequiredKeyedService<DeviceRuntime>("third")));
        await using var provider = services.BuildServiceProvider();
        var request = new AlignmentRequest(
            Enumerable.Range(0, 7).Select(static seed => new AlignmentItem($"a {(seed % 2 == 0 ? "red" : "blue")} house") { Seed = seed })
        )
        {
            MaxBatchSize = 2,
            Rounds = 2,
        };
        var shared = await provider.GetRequiredService<IAlignmentPipeline>().AlignAsync(request);
        using var single = new ColourWorld(withScorer: false);
        var alone = await single.Pipeline.AlignAsync(request);
        Assert.Equal(alone.Items, shared.Items);
        Assert.Equal(["cpu", "second", "third"], shared.Report.Devices.Select(static device => device.Estimate.Device).Order());
    }

    [Fact]
    public void Replicas_are_the_same_model_on_another_device()
    {
        using var world = new ColourWorld();
        var error = Assert.Throws<ArgumentException>(() =>
            new GenerationPipeline(world.Backbone, new GenerationPipelineOptions { Replicas = [new ColourBackbone(world.Runtime)] })
        );
        Assert.Contains("on one device", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_world_that_is_not_there_is_named()
    {
        var services = new ServiceCollection();
        services.AddImplicitMultimodalGuidance().UseShapeWorld(new WorldFolder("no-such-world"));
        using var provider = services.BuildServiceProvider();
        Assert.Contains(
            "no-such-world",
            Assert.ThrowsAny<ImgAlignException>(provider.GetRequiredService<IAlignmentPipeline>).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Options_are_bound_to_a_section_of_the_configuration()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>
                {
                    ["ImgAlign:Device"] = "cpu",
                    ["ImgAlign:Precision"] = "BFloat16",
                    ["ImgAlign:Residency"] = "LoadOnDemand",
                    ["ImgAlign:MemoryBudgetBytes"] = "1000000",
                    ["ImgAlign:Threads"] = "1",
                    ["ImgAlign:Pipeline:Backbone"] = "half",
                    ["ImgAlign:Pipelines:plain:Backbone"] = "default",
                }
            )
            .Build();
        var services = new ServiceCollection();
        services
            .AddImplicitMultimodalGuidance(configuration.GetSection("ImgAlign"))
            .UseBackbone(static provider => new ColourBackbone(Runtime(provider)))
            .UseBackbone(static provider => new Half(new ColourBackbone(Runtime(provider))), "half")
            .UseDetector(static provider => new ColourDetector(Runtime(provider)))
            .UseAligner(static provider => new ColourAligner(Runtime(provider)));
        using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        var runtime = provider.GetRequiredService<DeviceRuntime>();
        Assert.Equal(
            (torch.bfloat16, ResidencyPolicy.LoadOnDemand, 1000000L, 1),
            (runtime.Type, runtime.Residency.Policy, runtime.Options.MemoryBudgetBytes, runtime.Options.Threads)
        );
        Assert.NotNull(provider.GetRequiredKeyedService<IAlignmentPipeline>("plain"));
    }

    public static TheoryData<string, Action<ImgAlignOptions>> Invalid =>
        new()
        {
            { "Device must be cpu, cuda or cuda:N.", options => options.Device = "tpu" },
            { "Device", options => options.Device = null! },
            { "Precision", options => options.Precision = (Precision)99 },
            { "Residency", options => options.Residency = (ResidencyPolicy)(-1) },
            { "MemoryBudgetBytes", options => options.MemoryBudgetBytes = 0 },
            { "Threads", options => options.Threads = -1 },
            { "Backbone 'flux' is not registered; registered are: default.", options => options.Pipeline.Backbone = "flux" },
            {
                "Detector 'qwen' is not registered; registered are: default.",
                options => options.Pipelines["second"] = new PipelineOptions { Detector = "qwen" }
            },
        };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Invalid_options_are_refused_at_start(string expected, Action<ImgAlignOptions> configure)
    {
        var services = new ServiceCollection();
        AddColours(services, configure);
        using var provider = services.BuildServiceProvider();
        var exception = Assert.Throws<OptionsValidationException>(provider.GetRequiredService<IStartupValidator>().Validate);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_part_is_refused_when_the_pipeline_is_made()
    {
        var services = new ServiceCollection();
        services
            .AddImplicitMultimodalGuidance()
            .UseBackbone(static provider => new ColourBackbone(Runtime(provider)))
            .UseDetector(static provider => new ColourDetector(Runtime(provider)));
        using var provider = services.BuildServiceProvider();
        Assert.NotNull(provider.GetRequiredService<IGenerationPipeline>()); // which needs none
        var exception = Assert.Throws<ImgAlignException>(provider.GetRequiredService<IAlignmentPipeline>);
        Assert.Equal("No Aligner is registered; call UseAligner or one of its kind on the builder.", exception.Message);
    }

    [Fact]
    public void Options_of_models_are_checked_at_start()
    {
        var services = new ServiceCollection();
        AddColours(services)
            .UseSdxl(_ => { })
            .UseLlava(options => (options.ModelPath, options.Template) = ("llava", "llama_3"))
            .UseQwen(options => options.MaxPixels = 5);
        using var provider = services.BuildServiceProvider();
        var exception = Assert.Throws<AggregateException>(provider.GetRequiredService<IStartupValidator>().Validate);
        Assert.Contains("ModelPath", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Template must be llava_v0", exception.Message, StringComparison.Ordinal);
        Assert.Contains("MaxPixels", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Models_are_made_of_sections_of_the_configuration()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>
                {
                    ["Sdxl:ModelPath"] = Path.Combine(TestData.Golden, "sdxl", "checkpoint"),
                    ["Sdxl:ImagePromptPath"] = Path.Combine(TestData.Golden, "sdxl", "ckpts"),
                    ["Sdxl:Loras:0:Path"] = Path.Combine(TestData.Golden, "sdxl", "lora", "lora_kohya.safetensors"),
                    ["Sdxl:Loras:0:Scale"] = "0.5",
                    ["Flux:ModelPath"] = Path.Combine(TestData.Golden, "flux", "FLUX.1-dev"),
                    ["Llava:ModelPath"] = Path.Combine(TestData.Golden, "mllm", "llava-hf"),
                    ["Aligner:Path"] = Path.Combine(TestData.Golden, "round", "aligner_sdxl_llava.pth"),
                    ["Aligner:HeadWidth"] = "16",
                }
            )
            .Build();
        var services = new ServiceCollection();
        services
            .AddImplicitMultimodalGuidance(options => options.Pipeline.Backbone = "sdxl")
            .UseSdxl(configuration.GetSection("Sdxl"))
            .UseFlux(configuration.GetSection("Flux"))
            .UseLlava(configuration.GetSection("Llava"))
            .UseAligner(configuration.GetSection("Aligner"));
        using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        Assert.Equal(0.5, Assert.Single(provider.GetRequiredService<IOptionsMonitor<SdxlOptions>>().Get("sdxl").Loras).Scale);
        Assert.Equal("FLUX", provider.GetRequiredKeyedService<IDiffusionBackbone>("flux").Name);
        Assert.NotNull(provider.GetRequiredService<IAlignmentPipeline>());
    }

    [Fact]
    public void Every_lora_of_a_section_is_checked_at_start()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["ModelPath"] = "sdxl", ["Loras:0:Scale"] = "0.5" })
            .Build();
        var services = new ServiceCollection();
        AddColours(services).UseSdxl(configuration);
        using var provider = services.BuildServiceProvider();
        var exception = Assert.Throws<OptionsValidationException>(provider.GetRequiredService<IStartupValidator>().Validate);
        Assert.Contains("Path", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Loras", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scorers_of_equal_name_are_refused_when_the_pipeline_is_made()
    {
        var services = new ServiceCollection();
        AddColours(services)
            .UseScorer(static provider => new ColourScorer(Runtime(provider)), "one")
            .UseScorer(static provider => new ColourScorer(Runtime(provider)), "two");
        using var provider = services.BuildServiceProvider();
        Assert.Contains(
            "two scorers",
            Assert.Throws<ArgumentException>(provider.GetRequiredService<IAlignmentPipeline>).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void An_absent_device_is_an_error_and_not_a_fall_back()
    {
        var services = new ServiceCollection();
        AddColours(services, options => options.Device = "cuda:77");
        using var provider = services.BuildServiceProvider();
        Assert.Throws<ImgAlignException>(provider.GetRequiredService<IAlignmentPipeline>);
    }

    [Fact]
    public async Task The_container_ends_the_runs_before_it_disposes_the_models()
    {
        var services = new ServiceCollection();
        AddColours(services).UseBackbone(static provider => new Half(new ColourBackbone(Runtime(provider))));
        var provider = services.BuildServiceProvider();
        var pipeline = provider.GetRequiredService<IAlignmentPipeline>();
        var backbone = (Half)provider.GetRequiredKeyedService<IDiffusionBackbone>("default");
        var started = new TaskCompletionSource();
        var run = Task.Run(async () =>
        {
            await foreach (var _ in pipeline.StreamAsync(Request with { Steps = 1000, Rounds = 100 }))
                started.TrySetResult();
        });
        await started.Task;
        await provider.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.True(backbone.IsDisposed);
        Assert.False(backbone.WasUsedAfterwards);
    }

    private static DeviceRuntime Runtime(IServiceProvider provider) => provider.GetRequiredService<DeviceRuntime>();

    /// <summary>Another backbone: one that paints half as bright.</summary>
    private sealed class Half(ColourBackbone inner) : IDiffusionBackbone
    {
        public bool IsDisposed { get; private set; }
        public bool WasUsedAfterwards { get; private set; }
        public string Name => "Half";
        public DeviceRuntime Runtime => inner.Runtime;
        public BackboneInfo Info => inner.Info;
        public IImagePromptEncoder? ImagePrompt => inner;

        public IReadOnlyList<long> LatentShape(ImageSize size) => inner.LatentShape(size);

        public NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) => inner.CreateSchedule(settings, size);

        public IGuidance CreateGuidance(SamplingSettings settings) => inner.CreateGuidance(settings);

        public TextFeatures EncodeText(IReadOnlyList<string?> prompts) => inner.EncodeText(prompts);

        public Conditioning Condition(
            TextFeatures text,
            torch.Tensor? imagePrompt,
            double imagePromptScale,
            ImageSize size,
            SamplingSettings settings
        ) => inner.Condition(text, imagePrompt, imagePromptScale, size, settings);

        public torch.Tensor Predict(torch.Tensor x, NoiseLevel level, Conditioning conditioning)
        {
            WasUsedAfterwards |= IsDisposed;
            return inner.Predict(x, level, conditioning);
        }

        public IReadOnlyList<RgbImage> Decode(torch.Tensor x, bool inTiles = false)
        {
            using var dark = x * 0.5;
            return inner.Decode(dark);
        }

        public void Dispose() => IsDisposed = true;
    }
}
