"""The front-end's calls as it sends them (contract.md §1, §2 and §4), each with the very method and path it uses."""
