using System.Globalization;
using ImgAlign.Backbones;
using ImgAlign.Detectors;

namespace ImgAlign.Running;

/// <summary>Checks requests before anything is computed, and fills in the backbone's defaults.</summary>
internal static class RequestRules
{
    private const int MaxSteps = 1000;
    private const int MaxPasses = 100;
    private const int MaxBatch = 1024;
    private const int MaxCritiqueTokens = 4096;

    /// <summary>A generation with all defaults filled in.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or the model cannot draw what is asked for; the message names
    /// it.</exception>
    public static ResolvedRequest Resolve(GenerationRequest request, IDiffusionBackbone backbone)
    {
        if (request.Strength is not null)
            return Resolve(request, [.. request.Items.Select(item => (item, SizeOf(item, backbone)))], backbone);
        if (
            backbone.ImagePrompt is null
            && request.Items.Index().FirstOrDefault(static item => item.Item.Image is not null) is { Item: not null } prompted
        )
            throw new InvalidRequestException(
                $"An image prompt was given, but {backbone.NoImagePrompt}.",
                Name(request.Items, prompted.Index, nameof(GenerationItem.Image))
            );
        return Resolve(request, [.. request.Items.Select(item => (item, item.Size ?? backbone.Info.DefaultSize))], backbone);
    }

    /// <summary>An alignment with all defaults filled in.</summary>
    /// <inheritdoc cref="Resolve(GenerationRequest, IDiffusionBackbone)" path="/exception"/>
    public static ResolvedAlignment Resolve(
        AlignmentRequest request,
        IDiffusionBackbone backbone,
        IMisalignmentDetector? detector,
        IReadOnlyList<IImageScorer> scorers,
        IAcceptance acceptance,
        ISearchPolicy policy,
        int? budget
    )
    {
        policy = request.Policy ?? policy;
        var budgets = SearchRules.Budgets(request, budget);
        RequireRange(request.AlignerPasses, 1, MaxPasses, nameof(request.AlignerPasses));
        RequireRange(request.CritiqueTokens, 1, MaxCritiqueTokens, nameof(request.CritiqueTokens));
        acceptance = request.Acceptance ?? acceptance;
        if (AcceptanceRules.Problem(acceptance, scorers) is { } problem)
            throw new InvalidRequestException(problem, nameof(request.Acceptance));
        SearchRules.Require(policy, request, acceptance, aligns: detector is not null);
        var generation = Resolve(request, [.. request.Items.Select(item => ((GenerationItem)item, SizeOf(item, backbone)))], backbone);
        foreach (var (index, (item, resolved)) in request.Items.Zip(generation.Items).Index())
        foreach (var scorer in scorers)
            CheckScored(scorer, item, resolved.PlainPrompt, member => Name(request.Items, index, member));
        var questions = request
            .Items.Select(
                IReadOnlyList<string> (item, index) =>
                    [
                        .. Enumerable
                            .Range(1, detector is null ? 0 : budgets[index])
                            .Select(number =>
                                Question(
                                    item,
                                    generation.Items[index].PlainPrompt,
                                    number,
                                    detector!,
                                    Name(request.Items, index, nameof(item.Question))
                                )
                            ),
                    ]
            )
            .ToList();
        var items = generation.Items.Select(item => item with { Warnings = [.. item.Warnings, .. Unscored(item.PlainPrompt, scorers)] });
        return new ResolvedAlignment(request, generation with { Items = [.. items] }, questions, budgets, policy, acceptance);
    }

    /// <summary>What a detector reads to describe pictures.</summary>
    /// <inheritdoc cref="Resolve(GenerationRequest, IDiffusionBackbone)" path="/exception"/>
    public static IReadOnlyList<DetectionInput> ResolveDescription(
        IReadOnlyList<AlignmentItem> items,
        int maxNewTokens,
        IMisalignmentDetector detector
    )
    {
        ArgumentNullException.ThrowIfNull(items);
        RequireItems(items);
        RequireRange(maxNewTokens, 1, MaxCritiqueTokens, nameof(maxNewTokens));
        return
        [
            .. items.Select(
                (item, index) =>
                {
                    RequireItem(item, name => Name(items, index, name));
                    var image =
                        item.Image
                        ?? throw new InvalidRequestException(
                            "Image is null; give the picture to describe.",
                            Name(items, index, nameof(item.Image))
                        );
                    return new DetectionInput(image, Question(item, item.Prompt, 1, detector, Name(items, index, nameof(item.Question))));
                }
            ),
        ];
    }

    private static ResolvedRequest Resolve(
        SamplingRequest request,
        IReadOnlyList<(GenerationItem Item, ImageSize Size)> items,
        IDiffusionBackbone backbone
    )
    {
        RequireItems(items);
        RequireRange(request.MaxBatchSize, 1, MaxBatch, nameof(request.MaxBatchSize));
        if (request.PreviewInterval is { } interval)
            RequireRange(interval, 1, MaxSteps, nameof(request.PreviewInterval));
        if (request.GuidanceInterval is { } guided && !(guided.Start >= 0 && guided.Start <= guided.End && guided.End <= 1))
            throw new InvalidRequestException(
                $"GuidanceInterval is {Text(guided.Start)} to {Text(guided.End)}; use two numbers from 0 to 1, the smaller one first.",
                nameof(request.GuidanceInterval)
            );
        if (!Enum.IsDefined(request.GuidanceBranches))
            throw new InvalidRequestException(
                $"GuidanceBranches is {Text((int)request.GuidanceBranches)}; use {string.Join(" or ", Enum.GetNames<GuidanceBranches>())}.",
                nameof(request.GuidanceBranches)
            );
        RequireShare(request.GuidanceRescale, nameof(request.GuidanceRescale));
        var preset = request.Preset is { } name ? SamplingPresets.ByName(name) : null;
        string? evidence = null;
        if (preset is not null)
        {
            Ask(nameof(request.Preset), () => evidence = backbone.CheckPreset(preset));
            request = PresetRules.Fill(request, preset);
        }
        var levels = request.NoiseLevels ?? new NoiseLevelOptions();
        RequireLevels(levels, request.Steps);
        if (request.Strength is { } strength)
            RequireStrength(strength, items, backbone);
        var settings = new SamplingSettings
        {
            Steps = levels.Steps ?? request.Steps ?? backbone.Info.DefaultSteps,
            Guidance = request.Guidance ?? backbone.Info.DefaultGuidance,
            GuidanceInterval = request.GuidanceInterval,
            GuidanceBranches = request.GuidanceBranches,
            ImagePromptScale = request.ImagePromptScale ?? backbone.Info.DefaultImagePromptScale,
            Sampler = SamplerOf(request, backbone),
            Strength = request.Strength,
            Eta = request.Eta,
            NoiseLevels = levels,
            GuidanceRescale = request.GuidanceRescale,
            Prediction = preset?.Prediction,
            Preset = preset?.Name,
            PresetEvidence = evidence,
            Family = request.Family,
        };
        RequireRange(settings.Steps, 1, MaxSteps, nameof(request.Steps));
        RequireNotNegative(settings.Guidance, nameof(request.Guidance));
        RequireNotNegative(settings.ImagePromptScale, nameof(request.ImagePromptScale));
        Ask(null, () => backbone.CheckSettings(settings));
        foreach (var (index, (item, size)) in items.Index())
        {
            RequireItem(item, name => Name(items, index, name));
            RequireSize(size, backbone, Name(items, index, nameof(item.Size)));
            Ask(null, () => backbone.CreateSchedule(settings, size));
            Ask(Name(items, index, nameof(item.Prompt)), () => backbone.CheckPrompt(item.Prompt));
            if (item.NegativePrompt is { } negative)
                Ask(Name(items, index, nameof(item.NegativePrompt)), () => backbone.CheckPrompt(negative));
        }
        var isGuided = PipelineRules.IsGuided(settings, backbone);
        var resolved = items.Select((item, index) => Resolve(items, index, settings, isGuided, backbone)).ToList();
        RequireSharedNoise(resolved, request.MaxBatchSize);
        return new ResolvedRequest(resolved, settings, isGuided, request.MaxBatchSize, request.PreviewInterval);
    }

    private static ISampler SamplerOf(SamplingRequest request, IDiffusionBackbone backbone)
    {
        ISampler? sampler = request.Sampler;
        if (sampler is null)
            Ask(nameof(request.Sampler), () => sampler = backbone.DefaultSampler ?? Samplers.Euler);
        if (request.Eta is not { } eta)
            return sampler!;
        RequireShare(eta, nameof(request.Eta));
        return sampler!.WithEta(eta)
            ?? throw new InvalidRequestException(
                $"Eta is given, but {sampler.Name} has none; leave it out, or take ddim or tcd.",
                nameof(request.Eta)
            );
    }

    private static void RequireStrength(
        double strength,
        IReadOnlyList<(GenerationItem Item, ImageSize Size)> items,
        IDiffusionBackbone backbone
    )
    {
        const string Member = nameof(SamplingRequest.Strength);
        if (!(strength > 0 && strength <= 1))
            throw new InvalidRequestException($"Strength is {Text(strength)}; use a number above 0, up to 1.", Member);
        if (items.Index().FirstOrDefault(static item => item.Item.Item.Image is null) is { Item.Item: not null } missing)
        {
            throw new InvalidRequestException(
                "Strength is given, but no picture to start from; give one, or leave Strength out.",
                Name(items, missing.Index, nameof(GenerationItem.Image))
            );
        }
        if (!backbone.EncodesPictures)
        {
            throw new InvalidRequestException(
                $"Strength is given, but {backbone.Name} cannot encode the picture to start from; leave Strength out.",
                Member
            );
        }
    }

    private static void RequireLevels(NoiseLevelOptions levels, int? steps)
    {
        const string Member = nameof(SamplingRequest.NoiseLevels);
        if (levels.Timesteps is not null && levels.Sigmas is not null)
            throw new InvalidRequestException("Timesteps and sigmas are both given; give one of them.", Member);
        if (levels.Shift is { } shift && !(double.IsFinite(shift) && shift > 0))
            throw new InvalidRequestException($"The shift is {Text(shift)}; use a finite number above 0.", Member);
        if ((levels.Timesteps ?? levels.Sigmas) is null)
            return;
        if (levels.TimestepSpacing is not null || levels.Spacing is not (null or NoiseLevelSpacing.Timesteps))
            throw new InvalidRequestException(
                "A list of timesteps or sigmas leaves nothing to space; give either the list or a spacing.",
                Member
            );
        if (levels.Steps is not { } given || given < 1)
        {
            throw new InvalidRequestException(
                "The list of timesteps or sigmas is too short; give a timestep for each step, or a sigma for each and the one "
                    + "that the last step ends at.",
                Member
            );
        }
        if (steps is { } asked && asked != given)
        {
            throw new InvalidRequestException(
                $"Steps is {Text(asked)}, but the list of {(levels.Timesteps is null ? "sigmas" : "timesteps")} makes "
                    + $"{Text(given)}; leave Steps out.",
                nameof(SamplingRequest.Steps)
            );
        }
        var list = levels.Timesteps ?? levels.Sigmas!;
        var falls = list.Zip(list.Skip(1)).All(static pair => pair.First > pair.Second);
        if (!falls || list.Any(static value => !double.IsFinite(value) || value < 0))
            throw new InvalidRequestException("The list of timesteps or sigmas must fall, and have no number below 0.", Member);
    }

    private static ResolvedItem Resolve(
        IReadOnlyList<(GenerationItem Item, ImageSize Size)> items,
        int index,
        SamplingSettings settings,
        bool isGuided,
        IDiffusionBackbone backbone
    )
    {
        var (item, size) = items[index];
        var prompt = Read(item.Prompt, nameof(item.Prompt));
        var negative = isGuided && item.NegativePrompt is { } text ? Read(text, nameof(item.NegativePrompt)) : null;
        return new(
            index,
            item.Prompt,
            prompt.Text,
            item.NegativePrompt,
            Math.Max(prompt.Tokens, negative?.Tokens ?? 0),
            item.Seed,
            size,
            item.Image,
            item.Noise,
            [.. Unread("prompt", prompt, backbone), .. negative is null ? [] : Unread("negative prompt", negative, backbone)]
        );

        PromptReading Read(string text, string member)
        {
            PromptReading? reading = null;
            Ask(Name(items, index, member), () => reading = backbone.ReadPrompt(text, settings));
            return reading!;
        }
    }

    /// <summary>An item with a rewritten prompt, and what its maker should know of that.</summary>
    /// <param name="item">The item.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="request">How it is generated.</param>
    /// <param name="backbone">What draws it.</param>
    /// <exception cref="ArgumentException">The backbone cannot read the prompt.</exception>
    public static ResolvedItem WithPrompt(ResolvedItem item, string prompt, ResolvedRequest request, IDiffusionBackbone backbone)
    {
        var reading = backbone.ReadPrompt(prompt, request.Settings);
        var negative = request.IsGuided && item.NegativePrompt is { } text ? backbone.ReadPrompt(text, request.Settings).Tokens : 0;
        return item with
        {
            Prompt = prompt,
            PlainPrompt = reading.Text,
            TextTokens = Math.Max(reading.Tokens, negative),
            Warnings = [.. Unread("rewritten prompt", reading, backbone)],
        };
    }

    private static IEnumerable<string> Unread(string what, PromptReading reading, IDiffusionBackbone backbone) =>
        reading.Unread.Select(unread => Unread(what, backbone.Name, unread));

    private static void CheckScored(IImageScorer scorer, AlignmentItem item, string prompt, Func<string, string> name)
    {
        if (scorer is not IJudgeScorer judge)
            Ask(name(nameof(item.Prompt)), () => scorer.CheckPrompt(prompt));
        else
            Ask(
                name(item.PictureQuestions.Count > 0 ? nameof(item.PictureQuestions) : nameof(item.Prompt)),
                () => judge.CheckQuestions(prompt, item.PictureQuestions)
            );
    }

    // Scorers that read as much have one warning together.
    private static IEnumerable<string> Unscored(string prompt, IReadOnlyList<IImageScorer> scorers) =>
        scorers
            .SelectMany(scorer => scorer.FindUnread(prompt).Select(unread => (scorer.Name, Unread: unread)))
            .GroupBy(static found => (found.Unread.Encoder, found.Unread.Tokens, found.Unread.Text))
            .Select(static same =>
                Unread("prompt", $"The scorer {string.Join(" and ", same.Select(static found => found.Name))}", same.First().Unread)
            );

    private static string Unread(string what, string model, UnreadText unread) =>
        $"{model}'s {unread.Encoder} reads {Text(unread.Tokens)} tokens and does not read the end of the {what}: \"{unread.Text}\"; "
        + "shorten it, or say first what matters most.";

    // Items that share noise draw together, and so are computed together.
    private static void RequireSharedNoise(IReadOnlyList<ResolvedItem> items, int maxBatchSize)
    {
        foreach (
            var shared in items
                .Where(static item => item.Noise is not null)
                .GroupBy(static item => item.Noise, ReferenceEqualityComparer.Instance)
        )
        {
            if (shared.Count() > maxBatchSize)
                throw new InvalidRequestException(
                    $"{shared.Count()} items share one noise source and so are computed at once, but MaxBatchSize is "
                        + $"{Text(maxBatchSize)}; raise it, or give fewer items that source.",
                    "MaxBatchSize"
                );
            if (shared.Select(static item => item.Size).Distinct().Count() > 1)
                throw new InvalidRequestException(
                    "Items of different sizes share one noise source; give each size a source of its own.",
                    "Noise"
                );
            if (shared.Select(static item => item.TextTokens).Distinct().Count() > 1)
                throw new InvalidRequestException(
                    "Items whose prompts are read in different numbers of chunks share one noise source; give each number a source of "
                        + "its own.",
                    "Noise"
                );
        }
    }

    // Each picture has its own question: another one may find what the last did not.
    private static string Question(AlignmentItem item, string prompt, int number, IMisalignmentDetector detector, string member)
    {
        var question = "";
        Ask(member, () => detector.CheckQuestion(question = Questions.Ask(item.Question ?? Questions.Draw(item.Seed, number), prompt)));
        return question;
    }

    // What a model refuses, with the name that it has in the request: the model knows the value alone.
    private static void Ask(string? member, Action check)
    {
        try
        {
            check();
        }
        catch (ArgumentException exception) when (exception is not InvalidRequestException { Member: not null })
        {
            throw new InvalidRequestException(exception.Message, member);
        }
    }

    // A picture is generated again in its own size as nearly as the model can, and in no larger one than the model was made for.
    private static ImageSize SizeOf(GenerationItem item, IDiffusionBackbone backbone) =>
        item.Size ?? (item.Image is { } image ? SizeFor(image.Size, backbone) : backbone.Info.DefaultSize);

    private static ImageSize SizeFor(ImageSize size, IDiffusionBackbone backbone) =>
        backbone.NearestSize(PictureSize.For(size, backbone.Info.DefaultSize, backbone.Info.SizeMultiple));

    private static void RequireItems<T>(IReadOnlyList<T> items)
    {
        if (items.Count == 0)
            throw new InvalidRequestException("Items is empty; give at least one.", "Items");
        if (items.Contains(default))
            throw new InvalidRequestException("Items holds a null; give an item in its place.", "Items");
    }

    private static void RequireItem(GenerationItem item, Func<string, string> name)
    {
        if (string.IsNullOrWhiteSpace(item.Prompt))
            throw new InvalidRequestException($"{name(nameof(item.Prompt))} is empty; write at least one word.", name(nameof(item.Prompt)));
        if (item.Seed < 0)
            throw new InvalidRequestException(
                $"{name(nameof(item.Seed))} is {Text(item.Seed)}; use 0 to {Text(long.MaxValue)}.",
                name(nameof(item.Seed))
            );
    }

    private static void RequireSize(ImageSize size, IDiffusionBackbone backbone, string member)
    {
        if (backbone.NearestSize(size) != size)
            throw new InvalidRequestException(
                $"{member} is {size}, which {backbone.Name} cannot generate: use {SizeFor(size, backbone)}.",
                member
            );
    }

    /// <exception cref="InvalidRequestException">The value is out of its range.</exception>
    public static void RequireRange(int value, int least, int most, string name)
    {
        if (value < least || value > most)
            throw new InvalidRequestException($"{name} is {Text(value)}; use {Text(least)} to {Text(most)}.", name);
    }

    private static void RequireShare(double value, string name)
    {
        if (!(value >= 0 && value <= 1))
            throw new InvalidRequestException($"{name} is {Text(value)}; use 0 to 1.", name);
    }

    private static void RequireNotNegative(double value, string name)
    {
        if (!double.IsFinite(value) || value < 0)
            throw new InvalidRequestException($"{name} is {Text(value)}; use a finite number of 0 or more.", name);
    }

    // With a single item there is no doubt which one is meant.
    private static string Name<T>(IReadOnlyList<T> items, int index, string member) =>
        items.Count == 1 ? member : $"Items[{Text(index)}].{member}";

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
