using System.Diagnostics;
using System.Text.Json;
using ImgAlign.Extensions.AI;
using ImgAlign.Imaging;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Tests;

public sealed class ImageGeneratorTests : IDisposable
{
    private readonly ServiceProvider provider;
    private readonly IImageGenerator generator;

    public ImageGeneratorTests()
    {
        var services = new ServiceCollection();
        services.AddColours().AddImageGenerator("colour");
        provider = services.BuildServiceProvider();
        generator = provider.GetRequiredService<IImageGenerator>();
    }

    public void Dispose() => provider.Dispose();

    private static ImageGenerationOptions Options(params (string Name, object Value)[] properties) =>
        new() { AdditionalProperties = new(properties.Select(static pair => KeyValuePair.Create(pair.Name, (object?)pair.Value))) };

    private static RgbImage Picture(AIContent content) => ImageFile.Decode(Assert.IsType<DataContent>(content).Data, "picture");

    [Fact]
    public async Task A_prompt_is_generated_plainly_and_rounds_align_it()
    {
        var plain = await generator.GenerateImagesAsync("a red house", Options(("seed", 7)));
        var expected = await provider
            .GetRequiredService<IGenerationPipeline>()
            .GenerateAsync(new GenerationRequest(new GenerationItem("a red house") { Seed = 7 }));
        Assert.Equal(expected.Items[0].Image, Picture(Assert.Single(plain.Contents)));
        Assert.IsType<GenerationResult>(plain.RawRepresentation);
        Assert.Equal(7L, plain.Contents[0].AdditionalProperties!["seed"]);

        var aligned = await generator.GenerateImagesAsync("a red house", Options(("seed", 7), ("rounds", 2)));
        var result = Assert.IsType<AlignmentResult>(aligned.RawRepresentation);
        Assert.Equal(3, result.Items[0].Candidates.Count);
        Assert.Equal(result.Items[0].Image, Picture(aligned.Contents[0]));
        var properties = aligned.Contents[0].AdditionalProperties!;
        Assert.Equal(true, properties["accepted"]);
        var (before, after) = (
            (Dictionary<string, double>)properties["scores_before"]!,
            (Dictionary<string, double>)properties["scores_after"]!
        );
        Assert.True(after["Colour"] > before["Colour"]);
    }

    [Fact]
    public async Task An_original_picture_is_aligned_in_one_round()
    {
        var given = await generator.GenerateImagesAsync("a red house");
        var aligned = await generator.EditImageAsync((DataContent)given.Contents[0], "a red house");
        var item = Assert.IsType<AlignmentResult>(aligned.RawRepresentation).Items[0];
        Assert.Equal(Picture(given.Contents[0]), item.BaseImage);
        Assert.Equal(2, item.Candidates.Count);
    }

    [Fact]
    public async Task Several_pictures_count_up_from_the_seed_and_have_the_size_and_format_that_was_asked_for()
    {
        var options = Options(("seed", JsonSerializer.SerializeToElement(3)), ("steps", "4"), ("guidance_scale", 2.5));
        (options.Count, options.ImageSize, options.MediaType) = (3, new(40, 24), "image/webp");
        var answer = await generator.GenerateImagesAsync("a blue house", options);
        Assert.Equal([3L, 4L, 5L], answer.Contents.Select(static content => content.AdditionalProperties!["seed"]));
        Assert.All(answer.Contents, static content => Assert.Equal(new ImageSize(40, 24), Picture(content).Size));
        Assert.All(answer.Contents, static content => Assert.Equal("image/webp", ((DataContent)content).MediaType));
        var settings = Assert.IsType<GenerationResult>(answer.RawRepresentation).Settings;
        Assert.Equal((4, 2.5), (settings.Steps, settings.Guidance));
    }

    [Fact]
    public async Task Without_a_seed_pictures_differ()
    {
        var (first, second) = (await generator.GenerateImagesAsync("red"), await generator.GenerateImagesAsync("red"));
        Assert.NotEqual(Picture(first.Contents[0]), Picture(second.Contents[0]));
    }

    [Fact]
    public async Task A_raw_request_brings_settings_and_options_go_before_it()
    {
        var options = Options(("steps", 3));
        options.RawRepresentationFactory = static _ => new AlignmentRequest(
            new AlignmentItem("") { Seed = 5, Question = "What of {prompt}?" }
        )
        {
            Steps = 9,
            Rounds = 2,
            GuidanceRescale = 0.5,
        };
        var result = Assert.IsType<AlignmentResult>((await generator.GenerateImagesAsync("a red house", options)).RawRepresentation);
        Assert.Equal((3, 0.5, 5L), (result.Settings.Steps, result.Settings.GuidanceRescale, result.Items[0].Item.Seed));
        Assert.Equal("What of a red house?", result.Items[0].Candidates[2].Question);
    }

    [Theory]
    [InlineData("stesp", 1, "'stesp' is no property")]
    [InlineData("steps", "many", "steps is 'many'")]
    [InlineData("rounds", -1, "rounds is -1")]
    public async Task Properties_that_cannot_be_met_are_refused(string name, object value, string message)
    {
        var error = await Assert.ThrowsAsync<InvalidRequestException>(() => generator.GenerateImagesAsync("red", Options((name, value))));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_that_cannot_be_met_are_refused()
    {
        await Refused(new() { ResponseFormat = ImageGenerationResponseFormat.Uri });
        await Refused(new() { MediaType = "image/tiff" });
        await Refused(new() { ModelId = "other" });
        await Refused(new() { Count = 0 });
        await Assert.ThrowsAsync<InvalidRequestException>(() => generator.GenerateImagesAsync(" "));
        var picture = (DataContent)(await generator.GenerateImagesAsync("red")).Contents[0];
        await Assert.ThrowsAsync<InvalidRequestException>(() => generator.EditImagesAsync([picture, picture], "red"));
        await Assert.ThrowsAsync<InvalidRequestException>(() =>
            generator.EditImagesAsync([new UriContent("http://127.0.0.1/a.png", "image/png")], "red")
        );
        using var plain = provider.GetRequiredService<IGenerationPipeline>().AsImageGenerator();
        await Assert.ThrowsAsync<InvalidRequestException>(() => plain.EditImageAsync(picture, "red"));

        Task Refused(ImageGenerationOptions options) =>
            Assert.ThrowsAsync<InvalidRequestException>(() => generator.GenerateImagesAsync("red", options));
    }

    [Fact]
    public async Task Services_are_found_and_a_generator_leaves_its_pipelines_alone()
    {
        Assert.Equal("colour", generator.GetService<ImageGeneratorMetadata>()!.DefaultModelId);
        Assert.Same(provider.GetRequiredService<IAlignmentPipeline>(), generator.GetService<IAlignmentPipeline>());
        Assert.Null(generator.GetService<string>());
        generator.Dispose();
        Assert.Single((await generator.GenerateImagesAsync("red")).Contents);
    }

    [Fact]
    public async Task The_builder_adds_logging_telemetry_and_options()
    {
        var activities = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "test",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => activities.Add(activity.DisplayName),
        };
        ActivitySource.AddActivityListener(listener);
        var log = new CountingLoggers();
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(log);
        services
            .AddColours()
            .AddImageGenerator("colour")
            .UseLogging()
            .UseOpenTelemetry(sourceName: "test")
            .ConfigureOptions(static options => options.Count = 2);
        await using var built = services.BuildServiceProvider();
        var answer = await built.GetRequiredService<IImageGenerator>().GenerateImagesAsync("red");
        Assert.Equal(2, answer.Contents.Count);
        Assert.Single(activities);
        Assert.True(log.Count > 0);
    }

    [Fact]
    public async Task A_chat_client_draws_by_the_image_tool()
    {
        using var chat = new DrawingModel().AsBuilder().UseImageGeneration(generator).UseFunctionInvocation().Build();
        var answer = await chat.GetResponseAsync(
            "Draw a red house.",
            new ChatOptions { Tools = [new HostedImageGenerationTool { Options = Options(("seed", 1)) }] }
        );
        var picture = answer
            .Messages.SelectMany(static message => message.Contents)
            .OfType<ImageGenerationToolResultContent>()
            .SelectMany(static result => result.Outputs!)
            .OfType<DataContent>();
        Assert.Equal(new ImageSize(32, 32), Picture(Assert.Single(picture)).Size);
    }

    /// <summary>A language model that answers every request by a call of the tool, and a tool's result with "Done.".</summary>
    private sealed class DrawingModel : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages,
            ChatOptions? options = null,
            CancellationToken cancellationToken = default
        )
        {
            if (messages.Any(static message => message.Contents.OfType<FunctionResultContent>().Any()))
                return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, "Done.")));
            var tool = options!
                .Tools!.OfType<AIFunctionDeclaration>()
                .First(static tool => tool.Name.Contains("Generate", StringComparison.Ordinal));
            var call = new FunctionCallContent("call", tool.Name, new Dictionary<string, object?> { ["prompt"] = "a red house" });
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, [call])));
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages,
            ChatOptions? options = null,
            CancellationToken cancellationToken = default
        ) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }

    private sealed class CountingLoggers : ILoggerFactory, ILogger
    {
        public int Count { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) { }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Count++;

        public void Dispose() { }
    }
}
