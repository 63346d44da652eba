using ImgAlign.Evaluation;
using ImgAlign.Evaluation.Running;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using Microsoft.Playwright;

namespace ImgAlign.Tests.Evaluation;

/// <summary>The report as a reader has it: in a browser, wide and narrow.</summary>
public sealed class ReportPageTests : IDisposable
{
    private const string Browser = "chromium";
    private const int Patience = 120_000; // milliseconds
    private const string Scorer = "a <b>scorer</b>";
    private const string Worst = "prompt 3 </script>";

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [ProgramTheory(Browser)]
    [InlineData(1200, 900)]
    [InlineData(390, 844)] // a telephone
    public async Task A_browser_shows_sorts_and_filters_it(int width, int height)
    {
        var page = Dummies(prompts: 45, pictures: 45).WriteReport();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await LaunchAsync(playwright);
        var tab = await browser.NewPageAsync(
            new()
            {
                ViewportSize = new() { Width = width, Height = height },
            }
        );
        tab.SetDefaultTimeout(Patience);
        var problems = new List<string>();
        tab.PageError += (_, error) => problems.Add(error);
        tab.Console += (_, message) => problems.AddRange(message.Type == "error" ? [message.Text] : []);
        tab.Request += (_, request) => problems.AddRange(request.Url.StartsWith("http", StringComparison.Ordinal) ? [request.Url] : []);

        await tab.GotoAsync(new Uri(page).AbsoluteUri);

        // The arms of prompt 3 differ most, and its second picture is missing.
        Assert.Equal($"{Worst} (odd)", await tab.Locator("article h3").First.TextContentAsync());
        Assert.Contains("not made yet", await tab.Locator("article").First.TextContentAsync());
        Assert.Equal(20, await tab.Locator("article").CountAsync());
        Assert.Equal("1 to 20 of 45", await tab.Locator("#place").TextContentAsync());
        await tab.Locator("#next").ClickAsync();
        Assert.Equal("21 to 40 of 45", await tab.Locator("#place").TextContentAsync());
        await tab.Locator("#search").FillAsync("PROMPT 3 ");
        Assert.Equal(1, await tab.Locator("article").CountAsync());
        await tab.Locator("#search").FillAsync("");
        await tab.Locator("#failed").CheckAsync();
        Assert.Equal("1 to 1 of 1", await tab.Locator("#place").TextContentAsync());
        await tab.Locator("#failed").UncheckAsync();
        await tab.Locator("#category").SelectOptionAsync("even");
        Assert.Equal("1 to 20 of 23", await tab.Locator("#place").TextContentAsync());

        // Tables sort by their heads.
        var arms = tab.Locator("table").First;
        await arms.Locator("th").Nth(2).ClickAsync();
        await arms.Locator("th").Nth(2).ClickAsync();
        Assert.Equal("IMG", await arms.Locator("tbody td").First.TextContentAsync());

        // Nothing is wider than the screen, and all pictures are there, the full ones too.
        Assert.True(await tab.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width);
        await tab.WaitForFunctionAsync("[...document.images].every(image => image.complete)");
        Assert.True(await tab.EvaluateAsync<bool>("[...document.images].every(image => image.naturalWidth > 0)"));
        foreach (var link in await tab.Locator("article a").AllAsync())
            Assert.True(File.Exists(new Uri(await link.EvaluateAsync<string>("link => link.href")).LocalPath));
        Assert.Empty(problems);
    }

    [ProgramTheory(Browser)]
    [InlineData(3200)]
    [Trait("Category", "Slow")]
    public async Task A_large_one_is_under_50_MB(int prompts)
    {
        var page = Dummies(prompts, pictures: 20).WriteReport();

        Assert.InRange(new FileInfo(page).Length, 10_000_000, 50_000_000);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await LaunchAsync(playwright);
        var tab = await browser.NewPageAsync();
        tab.SetDefaultTimeout(Patience);
        await tab.GotoAsync(new Uri(page).AbsoluteUri);
        Assert.Equal($"1 to 20 of {prompts}", await tab.Locator("#place").TextContentAsync());
    }

    private static Task<IBrowser> LaunchAsync(IPlaywright playwright) =>
        playwright.Chromium.LaunchAsync(new() { ExecutablePath = ProgramTheoryAttribute.Find(Browser), Args = ["--no-sandbox"] });

    // An evaluation that was never computed: a gradient with some noise for each picture, some of them the same under other names.
    private EvaluationResult Dummies(int prompts, int pictures)
    {
        var matrix = new ArmMatrix
        {
            Arms = [new("base"), new("another sample") { FirstSample = 1 }, new("IMG") { Rounds = 1 }, new("best of 2") { BestOf = 2 }],
        };
        var options = new EvaluationOptions
        {
            Prompts =
            [
                .. Enumerable
                    .Range(0, prompts)
                    .Select(static index => new EvaluationPrompt($"{index:00000}", index == 3 ? Worst : $"prompt {index} of many")
                    {
                        Category = index % 2 == 0 ? "even" : "odd",
                    }),
            ],
            Matrix = matrix,
            Folder = temporary.File("out"),
        };
        for (var picture = 0; picture < pictures; picture++)
            ImageFile.SavePng(Picture(picture), Dummy(picture));
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(options.Folder).FullName, PictureBatch.RecordFile), "{}");
        var evaluated =
            from arm in matrix.Arms.Index()
            from prompt in options.Prompts.Index()
            let isMissing = (arm.Index, prompt.Index) == (1, 3)
            select new EvaluatedPicture(
                new EvaluationItem(prompt.Item, 0),
                arm.Item,
                isMissing ? null : Chosen(options.Folder, $"{arm.Index}-{prompt.Index}.png", (arm.Index + prompt.Index) % pictures),
                isMissing
                    ? new Dictionary<string, double>()
                    : new Dictionary<string, double> { [Scorer] = arm.Index == 2 && prompt.Index == 3 ? 900 : 20 + arm.Index % 3 },
                isMissing ? "not made yet" : null,
                Seconds: 1 + arm.Index
            );
        return new EvaluationResult(options, [.. evaluated], [Scorer], new Dictionary<string, string>(), null, []);
    }

    private ChosenPicture Chosen(string folder, string name, int picture)
    {
        File.CreateSymbolicLink(Path.Combine(folder, name), Picture(picture));
        return new ChosenPicture(new PictureBatch(folder, [new StoredPicture("", 0, name)], new BatchCost(1, 1, "machine")), Index: 0);
    }

    private string Picture(int picture) => temporary.File($"{picture}.png");

    private static RgbImage Dummy(int seed)
    {
        const int size = 128;
        var random = new Random(seed);
        var pixels = new byte[3 * size * size];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i / size % 200 + random.Next(40));
        return new RgbImage(size, size, pixels);
    }
}
