using System.Text.Json;
using System.Text.Json.Nodes;
using ImgAlign.Hub.Transfer;

namespace ImgAlign.Hub;

/// <summary>
/// Downloads from the hub into the cache: planned first, then fetched over several connections, resumed after any break, and verified. May
/// be used from several threads, and beside other processes that use the same cache.
/// </summary>
public sealed class HubClient : IDisposable
{
    private readonly HubOptions _options;
    private readonly HubRequests _requests;

    /// <summary>A client with these options, or those of the environment.</summary>
    public HubClient(HubOptions? options = null)
    {
        _options = options ?? new HubOptions();
        _requests = new HubRequests(_options);
        Cache = new HubCache(_options.CacheFolder);
    }

    /// <summary>The cache that downloads go to.</summary>
    public HubCache Cache { get; }

    /// <inheritdoc/>
    public void Dispose() => _requests.Dispose();

    /// <summary>Asks the hub what <paramref name="reference"/> is now, and compares it with the cache; writes nothing.</summary>
    /// <param name="reference">A repository or one file of it.</param>
    /// <param name="filter">Which files of a repository; all where null.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="HubException">It cannot be had; with <see cref="HubOptions.Offline"/>, the cache does not have it.</exception>
    public async Task<HubPlan> PlanAsync(HubReference reference, HubFilter? filter = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (_options.Offline)
        {
            Cache.Find(reference, filter);
            return Cache.Plan(reference, filter ?? HubFilter.All);
        }
        return reference.Path is null
            ? await PlanRepositoryAsync(reference, filter ?? HubFilter.All, cancellationToken).ConfigureAwait(false)
            : await PlanFileAsync(reference, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Fetches what is missing of <paramref name="plan"/>.</summary>
    /// <returns>Where it lies: every file of the plan is there, at its size, and what was fetched had its checksum.</returns>
    /// <exception cref="HubException">It cannot be had whole. What has come stays for the next attempt; no file has its name before it is
    /// whole.</exception>
    public async Task<HubSnapshot> DownloadAsync(
        HubPlan plan,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(plan);
        var store = new SnapshotStore(Cache, plan, _options.UseSymbolicLinks);
        if (plan.Missing.Count > 0 || !_options.Offline)
            store.NoteCommit();
        if (plan.Missing.Count == 0)
            return store.Snapshot;
        store.CheckDisk(_options.PartSize);

        var total = new DownloadTotal(plan.BytesToFetch, progress);
        using var connections = new SemaphoreSlim(_options.Connections);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Connections, CancellationToken = cancellationToken };
        await Parallel
            .ForEachAsync(
                plan.Missing.GroupBy(file => file.Checksum),
                parallel,
                async (sameContent, token) =>
                {
                    var file = sameContent.First();
                    var download = new ContentDownload(
                        _requests,
                        _options,
                        connections,
                        plan.Reference,
                        AddressOf(plan.Reference, plan.Commit, file.Path),
                        file,
                        new ByteCount(total)
                    );
                    await store.AddAsync([.. sameContent], download, token).ConfigureAwait(false);
                }
            )
            .ConfigureAwait(false);
        return store.Snapshot;
    }

    /// <summary>Plans and downloads.</summary>
    public async Task<HubSnapshot> DownloadAsync(
        HubReference reference,
        HubFilter? filter = null,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default
    ) =>
        await DownloadAsync(await PlanAsync(reference, filter, cancellationToken).ConfigureAwait(false), progress, cancellationToken)
            .ConfigureAwait(false);

    private async Task<HubPlan> PlanRepositoryAsync(HubReference reference, HubFilter filter, CancellationToken cancellationToken)
    {
        var info = (
            await ReadJsonAsync(Api(reference, $"revision/{Uri.EscapeDataString(reference.Revision)}"), reference, cancellationToken)
                .ConfigureAwait(false)
        ).Json;
        var commit = Text(info, "sha") is { } sha && SafeName.IsCommit(sha) ? sha : throw NotTheHub(reference);
        var repository = Cache.Repository(reference);
        var noted = repository.ReadTree(commit);
        var tree = noted ?? await ReadTreeAsync(reference, commit, cancellationToken).ConfigureAwait(false);
        var files = filter.Select(tree, reference.ToString());
        return new HubPlan(reference, commit, files)
        {
            NewTree = noted is null ? tree : null,
            Missing = repository.MissingOf(commit, files),
            License = LicenseOf(info),
            IsGated = info["gated"] is JsonValue gated && !(gated.TryGetValue<bool>(out var flag) && !flag),
        };
    }

    private async Task<HubPlan> PlanFileAsync(HubReference reference, CancellationToken cancellationToken)
    {
        var repository = Cache.Repository(reference);
        if (reference.IsCommit && Cache.TryFind(reference) is not null)
            return Cache.Plan(reference, HubFilter.All);
        using var response = await _requests
            .HeadAsync(AddressOf(reference, reference.Revision, reference.Path!), reference, cancellationToken)
            .ConfigureAwait(false);
        var commit = Header("X-Repo-Commit") is { } sha && SafeName.IsCommit(sha) ? sha : throw NotTheHub(reference);
        var checksum = (Header("X-Linked-Etag") ?? Header("ETag"))?.Replace("W/", "", StringComparison.Ordinal).Trim('"') ?? "";
        var size = long.TryParse(Header("X-Linked-Size"), out var linked) ? linked : response.Content.Headers.ContentLength ?? -1;
        var file = new HubFile(reference.Path!, size, checksum, checksum.Length == 64 ? checksum : null);
        RepositoryNames.Check([file], reference.ToString());
        return new HubPlan(reference, commit, [file]) { Missing = repository.MissingOf(commit, [file]) };

        string? Header(string name) => response.Headers.TryGetValues(name, out var values) ? values.First() : null;
    }

    private async Task<HubFile[]> ReadTreeAsync(HubReference reference, string commit, CancellationToken cancellationToken)
    {
        var files = new List<HubFile>();
        var visited = new HashSet<Uri>();
        for (var page = Api(reference, $"tree/{commit}?recursive=true&expand=false"); page is not null && visited.Add(page); )
        {
            var (json, next) = await ReadJsonAsync(page, reference, cancellationToken).ConfigureAwait(false);
            if (json is not JsonArray entries)
                throw NotTheHub(reference);
            files.AddRange(
                entries
                    .Where(entry => Text(entry, "type") == "file")
                    .Select(entry => new HubFile(
                        Text(entry, "path") ?? "",
                        Number(entry?["lfs"], "size") ?? Number(entry, "size") ?? -1,
                        Text(entry, "oid") ?? "",
                        Text(entry?["lfs"], "oid"),
                        Text(entry, "xetHash")
                    ))
            );
            page = next;
        }
        RepositoryNames.Check(files, reference.ToString());
        return [.. files];
    }

    private async Task<(JsonNode Json, Uri? Next)> ReadJsonAsync(Uri address, HubReference reference, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            using var response = await _requests.GetAsync(address, reference, cancellationToken).ConfigureAwait(false);
            limit.CancelAfter(_options.MetadataTimeout);
            using var content = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            var json =
                await JsonNode.ParseAsync(content, cancellationToken: limit.Token).ConfigureAwait(false) ?? throw NotTheHub(reference);
            var next = response.Headers.TryGetValues("Link", out var links) ? NextPage(string.Join(',', links)) : null;
            return (json, next is null ? null : new Uri(response.RequestMessage!.RequestUri!, next));
        }
        catch (Exception e)
            when (e is JsonException or IOException or BrokenTransferException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            )
        {
            throw NotTheHub(reference, e);
        }
    }

    private static string? NextPage(string links) =>
        links
            .Split(',')
            .Where(link => link.Contains("rel=\"next\"", StringComparison.Ordinal))
            .Select(link => link.Split(';')[0].Trim().Trim('<', '>'))
            .FirstOrDefault();

    private Uri Api(HubReference reference, string rest) => new($"{Base}/api/{Route(reference)}{reference.Repository}/{rest}");

    private Uri AddressOf(HubReference reference, string revision, string path)
    {
        var file = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        return new($"{Base}/{reference.Page}/resolve/{Uri.EscapeDataString(revision)}/{file}");
    }

    private string Base => _options.Endpoint.ToString().TrimEnd('/');

    private static string Route(HubReference reference) => reference.Kind == HubRepositoryKind.Dataset ? "datasets/" : "models/";

    private static string? LicenseOf(JsonNode info) =>
        Text(info["cardData"], "license_name")
        ?? Text(info["cardData"], "license")
        ?? (info["tags"] as JsonArray)
            ?.Select(tag => tag?.ToString())
            .FirstOrDefault(tag => tag?.StartsWith("license:", StringComparison.Ordinal) == true)
            ?["license:".Length..];

    private static string? Text(JsonNode? node, string name) =>
        node is JsonObject known && known[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static long? Number(JsonNode? node, string name) =>
        node is JsonObject known && known[name] is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;

    private HubException NotTheHub(HubReference reference, Exception? e = null) =>
        new(
            HubError.Unreachable,
            $"{_options.Endpoint} did not answer as a hub does for {reference}: check HF_ENDPOINT, or try again later.",
            e
        );
}
