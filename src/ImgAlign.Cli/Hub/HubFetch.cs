using System.Globalization;
using ImgAlign.Hub;
using Spectre.Console;

namespace ImgAlign.Cli.Hub;

/// <summary>Something to fetch, and what is known of its licence without the hub.</summary>
internal sealed record HubWish(HubReference Reference, HubFilter Files, string? License = null);

/// <summary>Fetches repositories for a command: says what it will cost first, asks where that is needed, and shows how far it is.</summary>
internal sealed class HubFetch(HubClient client, Terminal terminal)
{
    /// <summary>What is to be fetched, at which commits; printed, with sizes and licences.</summary>
    public async Task<IReadOnlyList<HubPlan>> PlanAsync(
        IReadOnlyList<HubWish> wishes,
        IAnsiConsole output,
        CancellationToken cancellationToken
    )
    {
        var plans = new List<HubPlan>();
        foreach (var wish in wishes)
        {
            var plan = await client.PlanAsync(wish.Reference, wish.Files, cancellationToken);
            plans.Add(plan);
            var here = plan.Missing.Count == 0 ? ", all in the cache" : $", {Gigabytes(plan.BytesToFetch)} to fetch";
            var terms = plan.IsGated ? ", its terms must be accepted on its page" : "";
            output.WriteText(
                $"{wish.Reference} at {plan.Commit}: {plan.Files.Count} files, "
                    + $"{Gigabytes(plan.Files.Sum(file => file.Size))}{here}; "
                    + $"licence {plan.License ?? wish.License ?? "not stated"}{terms}"
            );
        }
        if (plans.Count > 1)
            output.WriteLine($"together: {Gigabytes(plans.Sum(plan => plan.BytesToFetch))} to fetch");
        return plans;
    }

    /// <summary>Downloads what is missing.</summary>
    /// <returns>Where each lies.</returns>
    public async Task<IReadOnlyList<HubSnapshot>> DownloadAsync(IReadOnlyList<HubPlan> plans, CancellationToken cancellationToken)
    {
        var snapshots = new List<HubSnapshot>();
        foreach (var plan in plans)
            snapshots.Add(await DownloadAsync(plan, cancellationToken));
        return snapshots;
    }

    /// <summary>Asks whether to go on.</summary>
    /// <exception cref="ImgAlignException">The answer is no, or there is nobody to ask.</exception>
    public async Task ConfirmAsync(string question, CancellationToken cancellationToken)
    {
        if (!terminal.Error.Profile.Capabilities.Interactive)
            throw new ImgAlignException($"{question} Nobody can be asked here: give --yes to agree.");
        if (!await new ConfirmationPrompt(Markup.Escape(question)) { DefaultValue = false }.ShowAsync(terminal.Error, cancellationToken))
            throw new ImgAlignException("Nothing was fetched.");
    }

    private async Task<HubSnapshot> DownloadAsync(HubPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Missing.Count == 0 || !terminal.Error.Profile.Capabilities.Interactive)
        {
            if (plan.Missing.Count > 0)
                terminal.Error.WriteText($"fetching {plan.Reference}");
            return await client.DownloadAsync(plan, cancellationToken: cancellationToken);
        }
        return await terminal
            .Error.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn()
            )
            .StartAsync(async context =>
            {
                var bar = context.AddTask(Markup.Escape(plan.Reference.ToString()), maxValue: Math.Max(1, plan.BytesToFetch));
                return await client.DownloadAsync(plan, new Bar(bar), cancellationToken);
            });
    }

    private static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.000} GB");

    private sealed class Bar(ProgressTask bar) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => bar.Value = value.Bytes;
    }
}
