using Deque.AxeCore.Playwright;
using ImgAlign.DependencyInjection;
using ImgAlign.Imaging;
using ImgAlign.ShapeWorld;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace ImgAlign.Server.Tests;

/// <summary>The page in Debian's Chromium, with ShapeWorld behind it.</summary>
public sealed class PageTests : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";
    private const int Patience = 120_000;

    private TestServer server = null!;
    private IPlaywright playwright = null!;
    private IBrowser browser = null!;
    private IPage page = null!;

    public async Task InitializeAsync()
    {
        if (!BrowserFactAttribute.IsInstalled(Chromium))
            return;
        server = await TestServer.StartAsync(
            static options =>
            {
                options.ModelId = "shapeworld";
                options.PromptGuide = new PromptGuide
                {
                    Explanation = "Two shapes.",
                    Pattern = "a [colour] [shape] [relation] a [colour] [shape]",
                    Choices = new Dictionary<string, IReadOnlyList<string>>
                    {
                        ["colour"] = WorldVocabulary.Colors,
                        ["shape"] = WorldVocabulary.Shapes,
                        ["relation"] = WorldVocabulary.Relations,
                    },
                    Examples = WorldVocabulary.Examples,
                };
            },
            static services => services.AddImplicitMultimodalGuidance().UseShapeWorld()
        );
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox"] });
        page = await browser.NewPageAsync();
        page.SetDefaultTimeout(Patience);
        await page.GotoAsync(server.Address.ToString());
        await page.Locator("#guide").WaitForAsync(); // it comes with the first prompt
    }

    public async Task DisposeAsync()
    {
        if (server is null)
            return;
        await browser.DisposeAsync();
        playwright.Dispose();
        await server.DisposeAsync();
    }

    private static Task StatusAsync(IPage shown, string text) => shown.Locator("#status").Filter(new() { HasText = text }).WaitForAsync();

    private Task DrawAsync() => page.Locator("#draw").ClickAsync();

    // Runs for minutes, but for cancelling.
    private async Task DrawLongAsync()
    {
        await page.Locator("#steps").FillAsync("900");
        await page.Locator("#amount").FillAsync("10");
        await DrawAsync();
        await StatusAsync(page, "step");
    }

    [BrowserFact(Chromium)]
    public async Task A_whole_alignment()
    {
        var elsewhere = new List<string>();
        page.Request += (_, request) =>
        {
            if (
                !request.Url.StartsWith(server.Address.ToString(), StringComparison.Ordinal)
                && !request.Url.StartsWith("data:", StringComparison.Ordinal)
            )
                elsewhere.Add(request.Url);
        };
        await page.ReloadAsync();
        await page.GetByLabel("relation 1").SelectOptionAsync("above");
        Assert.Contains("above", await page.Locator("#prompt").InputValueAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { Name = WorldVocabulary.Examples[0] }).ClickAsync();
        Assert.Equal("left of", await page.GetByLabel("relation 1").InputValueAsync()); // the choices are the prompt's
        await page.GetByRole(AriaRole.Button, new() { Name = "Align twice" }).ClickAsync();
        await page.Locator("#seed").FillAsync("17");
        await page.Locator("#prompt").PressAsync("Control+Enter");
        await StatusAsync(page, "Done.");
        Assert.Equal(3, await page.Locator("#strip li").CountAsync());
        Assert.True(await page.Locator("compare-slider").IsVisibleAsync());
        await page.Locator("compare-slider input").PressAsync("ArrowRight");
        Assert.Equal("51", await page.Locator("compare-slider input").InputValueAsync());
        Assert.True(await page.Locator("#critique p").CountAsync() >= 2);
        Assert.Contains("shapeworld", await page.Locator("#scores").InnerTextAsync(), StringComparison.OrdinalIgnoreCase);
        var record = await page.RunAndWaitForDownloadAsync(() => page.Locator("#record").ClickAsync());
        Assert.Equal("imgalign-17.json", record.SuggestedFilename);
        await page.Locator("#search").FillAsync("purple elephant");
        await page.Locator("#jobs li").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.Locator("#search").FillAsync("circle");
        await page.Locator("#jobs li").First.WaitForAsync();
        Assert.Empty(elsewhere);
        await PictureAsync("light");
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            Assert.Empty((await page.RunAxe()).Violations.Select(static violation => $"{violation.Id}: {violation.Nodes[0].Html}"));
        }
        await PictureAsync("dark");
        await page.SetViewportSizeAsync(390, 844);
        Assert.Empty((await page.RunAxe()).Violations.Select(static violation => $"{violation.Id}: {violation.Nodes[0].Html}"));
        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await PictureAsync("telephone");
    }

    [BrowserFact(Chromium)]
    public async Task Repeating_draws_the_same_picture_and_varying_another()
    {
        await page.Locator("#seed").FillAsync("11");
        await DrawAsync();
        await StatusAsync(page, "Done.");
        var first = await ShownAsync();
        var repeated = await AgainAsync("#repeat");
        var varied = await AgainAsync("#vary");
        Assert.Equal((11, first.Picture), (repeated.Seed, repeated.Picture));
        Assert.NotEqual(11, varied.Seed);
        Assert.NotEqual(first.Picture, varied.Picture);

        async Task<(long Seed, string Picture)> AgainAsync(string button)
        {
            var before = page.Url;
            await page.Locator(button).ClickAsync();
            await page.WaitForFunctionAsync("before => location.href !== before", before);
            var record = page.Locator($"#record[href$='{page.Url.Split('#')[1]}']"); // of the new job, once that is shown
            await record.WaitForAsync(new() { State = WaitForSelectorState.Attached });
            await StatusAsync(page, "Done.");
            return await ShownAsync();
        }

        async Task<(long Seed, string Picture)> ShownAsync()
        {
            var job = await server.FindAsync(page.Url.Split('#')[1]);
            var picture = await server.Client.GetByteArrayAsync(job.Result!.Pictures[0].Image);
            return (job.Result.Pictures[0].Seed, Convert.ToBase64String(picture));
        }
    }

    [BrowserFact(Chromium)]
    public async Task A_search_is_a_strip_of_what_was_tried_and_a_job_can_be_deleted()
    {
        await page.Locator("#policy").SelectOptionAsync("best-of-n");
        await page.Locator("#amount").FillAsync("4");
        await DrawAsync();
        await StatusAsync(page, "Done.");
        Assert.Equal(4, await page.Locator("#strip li").CountAsync());
        Assert.Contains("3: other noise", await page.Locator("#strip").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal(1, await page.Locator("#strip [aria-pressed=true] .kept").CountAsync()); // the one that is shown
        Assert.Equal(1, await page.Locator("#strip .kept").CountAsync());
        await page.Locator("#remove").ClickAsync();
        await page.Locator("#jobs li").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.True(await page.Locator("#empty").IsVisibleAsync());
    }

    [BrowserFact(Chromium)]
    public async Task Cancelling()
    {
        await DrawLongAsync();
        await page.Keyboard.PressAsync("Escape");
        await StatusAsync(page, "Cancelled.");
        Assert.False(await page.Locator("#cancel").IsVisibleAsync());
    }

    [BrowserFact(Chromium)]
    public async Task An_error_is_a_sentence_and_text_stays_text()
    {
        await page.Locator("#prompt").FillAsync("<img src=x onerror=window.taken=1>");
        await DrawAsync();
        await StatusAsync(page, "ShapeWorld cannot draw '<img src=x");
        await page.Locator("#jobs li").Filter(new() { HasText = "<img src=x" }).WaitForAsync();
        Assert.Null(await page.EvaluateAsync<int?>("window.taken"));
        await page.Locator("#amount").EvaluateAsync("field => (field.max = field.value = 99)");
        await DrawAsync();
        await page.Locator("#problem").Filter(new() { HasText = "rounds is 99" }).WaitForAsync();
    }

    [BrowserFact(Chromium)]
    public async Task A_reload_in_the_middle_and_a_second_tab_show_the_same_job()
    {
        await DrawLongAsync();
        await page.Locator("#jobs .state").Filter(new() { HasText = "running" }).WaitForAsync();
        await page.ReloadAsync();
        await StatusAsync(page, "step");
        await page.Locator("#live").WaitForAsync();
        var second = await browser.NewPageAsync();
        second.SetDefaultTimeout(Patience);
        await second.GotoAsync(page.Url);
        await StatusAsync(second, "step");
        await second.Locator("#cancel").ClickAsync();
        await StatusAsync(page, "Cancelled.");
        await StatusAsync(second, "Cancelled.");
    }

    [BrowserFact(Chromium)]
    public async Task A_picture_that_is_dropped_is_aligned()
    {
        await page.EvaluateAsync(
            """
            async () => {
              const canvas = new OffscreenCanvas(32, 32);
              canvas.getContext("2d").fillRect(4, 4, 8, 8);
              const data = new DataTransfer();
              data.items.add(new File([await canvas.convertToBlob()], "dropped.png", { type: "image/png" }));
              document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
            }
            """
        );
        await page.Locator("#given-image").WaitForAsync();
        await DrawAsync();
        await StatusAsync(page, "Done.");
        Assert.NotNull((await server.FindAsync(page.Url.Split('#')[1])).Request.Image);
    }

    [BrowserFact(Chromium)]
    public async Task A_picture_of_ones_own_is_aligned()
    {
        var red = new byte[32 * 32 * 3];
        for (var i = 0; i < red.Length; i += 3)
            red[i] = byte.MaxValue;
        var file = new FilePayload
        {
            Name = "red.png",
            MimeType = "image/png",
            Buffer = ImageFile.EncodePng(new RgbImage(32, 32, red)),
        };
        await page.Locator("#picture").SetInputFilesAsync(file);
        await page.Locator("#given-image").WaitForAsync();
        await DrawAsync();
        await StatusAsync(page, "Done.");
        Assert.Equal(2, await page.Locator("#strip li").CountAsync());
    }

    // For people to look at, where IMGALIGN_SCREENSHOTS names a folder.
    private async Task PictureAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("IMGALIGN_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
    }
}

/// <summary>A test that needs a browser.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute(string program)
    {
        if (!IsInstalled(program))
            Skip = $"Not installed: {Path.GetFileName(program)}.";
    }

    public static bool IsInstalled(string program) => File.Exists(program);
}
